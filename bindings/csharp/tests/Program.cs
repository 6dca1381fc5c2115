using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Threading;

namespace Upay.Tests
{
    /// <summary>
    /// Runs the promises of bindings/tests.txt (argument "list") or those of C# alone ("own"), or prints the numbers
    /// ("constants") or the library that is found ("library"). A promise is a static method of the same name.
    /// </summary>
    static class Program
    {
        /// <summary>A promise that takes longer counts as hanging.</summary>
        const int LimitMs = 180000;

        static int Main(string[] arguments)
        {
            switch (arguments.Length == 0 ? "list" : arguments[0])
            {
                case "list":
                    return Run(typeof(Promises));
                case "own":
                    return Run(typeof(OwnPromises));
                case "constants":
                    Constants();
                    return 0;
                case "library":
                    Console.WriteLine(UpayLibrary.Path + " " + UpayLibrary.Version);
                    return 0;
                default:
                    Console.Error.WriteLine("list, own, constants or library");
                    return 2;
            }
        }

        static int Run(Type promises)
        {
            int failed = 0;
            foreach (MethodInfo promise in promises.GetMethods(BindingFlags.Static | BindingFlags.Public))
            {
                string name = Snake(promise.Name).ToLowerInvariant(), why = Why(promise);
                Console.WriteLine(why == null ? "ok " + name : "FAILED " + name + ": " + why);
                Console.Out.Flush();
                failed += why == null ? 0 : 1;
            }
            return failed == 0 ? 0 : 1;
        }

        /// <summary>The reason why the promise was broken; null when it was kept.</summary>
        static string Why(MethodInfo promise)
        {
            Exception thrown = null;
            Thread thread = new Thread(() =>
            {
                try
                {
                    promise.Invoke(null, null);
                }
                catch (TargetInvocationException exception)
                {
                    thrown = exception.InnerException;
                }
            });
            thread.IsBackground = true;
            thread.Start();
            if (!thread.Join(LimitMs))
                return "it hangs";
            return thrown == null ? null : thrown.ToString();
        }

        static void Constants()
        {
            Dictionary<Type, string> families = new Dictionary<Type, string>
            {
                { typeof(Status), "E" }, { typeof(Outcome), "OUTCOME" }, { typeof(UpayAction), "ACTION" },
                { typeof(Advice), "ADVICE" }, { typeof(Table), "TABLE" }, { typeof(Dialect), "DIALECT" },
                { typeof(LogLevel), "LOG" }, { typeof(QrFormat), "QR" },
            };
            // A family that is missing above is printed under a name that is not in the header, so the test fails.
            foreach (Type family in typeof(Status).Assembly.GetExportedTypes().Where(type => type.IsEnum))
            {
                string prefix = families.ContainsKey(family) ? families[family] : family.Name;
                foreach (object value in Enum.GetValues(family))
                {
                    string name = value.Equals(Status.Ok) ? "OK" : prefix + "_" + Snake(value.ToString());
                    Console.WriteLine("UPAY_" + name.ToUpperInvariant() + " " + (int)value);
                }
            }
        }

        static string Snake(string pascal)
        {
            return Regex.Replace(pascal, "(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[A-Z][a-z])", "_");
        }
    }
}
