using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;

namespace Upay
{
    /// <summary>
    /// Finds and loads the library, or throws an exception with the reason. UPAY_LIBRARY in the environment names the
    /// file and replaces the search. Otherwise the order is: the directories of the program and of this assembly, with
    /// runtimes/RID/native in them; where .NET Core keeps a package's files; and, except on Windows, where the system
    /// looks.
    /// </summary>
    internal sealed class Loader
    {
        static readonly bool Windows = Environment.OSVersion.Platform == PlatformID.Win32NT;

        static readonly string[] Names =
            Windows ? new[] { "upay.dll" } : new[] { "libupay.so.1", "libupay.so", "libupay.dylib" };

        // All that fit this width may be tried, because a file for another machine does not load.
        static readonly string[] Rids = Windows
            ? (IntPtr.Size == 4 ? new[] { "win-x86", "win-arm" } : new[] { "win-x64", "win-arm64" })
            : (IntPtr.Size == 4
                ? new[] { "linux-x86", "linux-arm" }
                : new[] { "linux-x64", "linux-arm64", "linux-musl-x64", "linux-musl-arm64", "osx-x64", "osx-arm64" });

        readonly IntPtr module;

        public string Path { get; private set; }

        Loader(string path, IntPtr module)
        {
            Path = path;
            this.module = module;
        }

        public IntPtr Symbol(string name)
        {
            IntPtr symbol = Windows ? GetProcAddress(module, name) : Unix.Symbol(module, name);
            if (symbol == IntPtr.Zero)
                throw new EntryPointNotFoundException(Path + " has no " + name
                    + ": it is older than this assembly, or not the library upay");
            return symbol;
        }

        public static Loader Find()
        {
            string named = Environment.GetEnvironmentVariable("UPAY_LIBRARY");
            if (!string.IsNullOrEmpty(named))
                return Named(System.IO.Path.GetFullPath(named));
            List<string> unfit = new List<string>(), places = new List<string>();
            foreach (string directory in Directories())
            {
                places.Add(directory);
                foreach (string name in Names)
                {
                    string path = System.IO.Path.Combine(directory, name), why;
                    if (!File.Exists(path))
                        continue;
                    IntPtr module = Open(path, out why);
                    if (module != IntPtr.Zero)
                        return new Loader(path, module);
                    unfit.Add(path + ": " + why);
                }
            }
            // Not on Windows, which would also search the current directory.
            if (!Windows)
            {
                foreach (string name in Names)
                {
                    string why;
                    IntPtr module = Open(name, out why);
                    if (module != IntPtr.Zero)
                        return new Loader(name, module);
                }
            }
            if (unfit.Count > 0)
                throw new BadImageFormatException("the library upay cannot be loaded: "
                    + string.Join("; ", unfit.ToArray()));
            throw new DllNotFoundException("the library upay was not found: no " + string.Join(", ", Names) + " in "
                + string.Join(", ", places.ToArray()) + "; set UPAY_LIBRARY to name the file");
        }

        static Loader Named(string path)
        {
            string why;
            if (!File.Exists(path))
                throw new DllNotFoundException("UPAY_LIBRARY names a file that is not there: " + path);
            IntPtr module = Open(path, out why);
            if (module == IntPtr.Zero)
                throw new BadImageFormatException("UPAY_LIBRARY names a library that cannot be loaded: " + path
                    + ": " + why);
            return new Loader(path, module);
        }

        static IEnumerable<string> Directories()
        {
            List<string> roots = new List<string> { AppDomain.CurrentDomain.BaseDirectory };
            string assembly = typeof(Loader).Assembly.Location;
            // Empty for an assembly that was loaded from memory.
            if (!string.IsNullOrEmpty(assembly))
                roots.Add(System.IO.Path.GetDirectoryName(assembly));
            List<string> directories = new List<string>();
            foreach (string root in roots)
            {
                directories.Add(root);
                foreach (string rid in Rids)
                    directories.Add(System.IO.Path.Combine(root, System.IO.Path.Combine("runtimes",
                        System.IO.Path.Combine(rid, "native"))));
            }
            // Set by .NET Core only: the directories of the native files of all packages.
            string packages = AppDomain.CurrentDomain.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string;
            if (packages != null)
                directories.AddRange(packages.Split(new[] { System.IO.Path.PathSeparator },
                    StringSplitOptions.RemoveEmptyEntries));
            HashSet<string> seen = new HashSet<string>();
            return directories.FindAll(directory => seen.Add(directory.TrimEnd('/', '\\')));
        }

        static IntPtr Open(string path, out string why)
        {
            IntPtr module;
            string words;
            if (Windows)
            {
                module = LoadLibraryEx(path, IntPtr.Zero, AlteredSearchPath);
                words = new Win32Exception(Marshal.GetLastWin32Error()).Message;
            }
            else
            {
                module = Unix.Open(path, out words);
            }
            why = module != IntPtr.Zero ? null : Image.Mismatch(path) ?? words;
            return module;
        }

        /// <summary>The DLL's own dependencies are looked for in its directory, not in the program's.</summary>
        const uint AlteredSearchPath = 8;

        [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true)]
        static extern IntPtr LoadLibraryEx(string path, IntPtr reserved, uint flags);

        [DllImport("kernel32", CharSet = CharSet.Ansi, BestFitMapping = false)]
        static extern IntPtr GetProcAddress(IntPtr module, string name);
    }

    /// <summary>dlopen, whose library has one of two names.</summary>
    internal static class Unix
    {
        const int Now = 2;

        // For "libdl" .NET looks for the name that a linker uses, which is not on every Linux. macOS has only that name.
        static readonly bool IsVersioned = HasVersioned();

        static bool HasVersioned()
        {
            try
            {
                Versioned.dlerror();
                return true;
            }
            catch (DllNotFoundException)
            {
                return false;
            }
        }

        public static IntPtr Open(string path, out string why)
        {
            byte[] name = Text.In(path);
            IntPtr module = IsVersioned ? Versioned.dlopen(name, Now) : Plain.dlopen(name, Now);
            why = module != IntPtr.Zero ? null : Text.Out(IsVersioned ? Versioned.dlerror() : Plain.dlerror());
            return module;
        }

        public static IntPtr Symbol(IntPtr module, string name)
        {
            return IsVersioned ? Versioned.dlsym(module, Text.In(name)) : Plain.dlsym(module, Text.In(name));
        }

        static class Versioned
        {
            [DllImport("libdl.so.2", CallingConvention = CallingConvention.Cdecl)]
            public static extern IntPtr dlopen(byte[] path, int flags);

            [DllImport("libdl.so.2", CallingConvention = CallingConvention.Cdecl)]
            public static extern IntPtr dlsym(IntPtr module, byte[] name);

            [DllImport("libdl.so.2", CallingConvention = CallingConvention.Cdecl)]
            public static extern IntPtr dlerror();
        }

        static class Plain
        {
            [DllImport("libdl", CallingConvention = CallingConvention.Cdecl)]
            public static extern IntPtr dlopen(byte[] path, int flags);

            [DllImport("libdl", CallingConvention = CallingConvention.Cdecl)]
            public static extern IntPtr dlsym(IntPtr module, byte[] name);

            [DllImport("libdl", CallingConvention = CallingConvention.Cdecl)]
            public static extern IntPtr dlerror();
        }
    }
}
