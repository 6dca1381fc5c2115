// Whatever the build defines: what is traced here is all that is left of it.
#define TRACE

using System;
using System.Diagnostics;

namespace Upay
{
    /// <summary>The library itself, for all clients of this process.</summary>
    public static class UpayLibrary
    {
        // Held for ever: the library may call it at any time.
        static readonly Functions.LogFn OnLine = Line;
        static volatile Action<LogLevel, string> log;

        /// <summary>The library's version, such as "0.1.0".</summary>
        public static string Version
        {
            get { return Text.Out(Native.Functions.version()); }
        }

        /// <summary>The file that was loaded.</summary>
        public static string Path
        {
            get { return Native.Functions == null ? null : Native.Path; }
        }

        /// <summary>
        /// An exception that a function of yours let out while the library called it: a progress, a watcher, a log.
        /// It changes nothing about a payment: the next events come, and the final one. Without a handler here it is
        /// written to <see cref="Trace"/>.
        /// </summary>
        public static event Action<Exception> CallbackFailed;

        /// <summary>
        /// Sends the library's log to a function of yours from now on: one line at a time, from any thread, without
        /// keys, barcodes and payers' accounts. A line that is just being written may still arrive at the one before.
        /// </summary>
        /// <param name="level">The chattiest level that is wanted; Off ends the log.</param>
        /// <param name="write">Null ends the log.</param>
        public static void SetLog(LogLevel level, Action<LogLevel, string> write)
        {
            log = write;
            Native.Check(f => f.set_log(level, write == null ? null : OnLine, IntPtr.Zero));
        }

        static void Line(LogLevel level, IntPtr line, IntPtr userData)
        {
            try
            {
                Action<LogLevel, string> write = log;
                if (write != null)
                    write(level, Text.Out(line));
            }
            catch (Exception exception)
            {
                Failed(exception);
            }
        }

        /// <summary>No exception may go on into the library, and none is lost.</summary>
        internal static void Failed(Exception exception)
        {
            try
            {
                Action<Exception> handler = CallbackFailed;
                if (handler != null)
                    handler(exception);
                else
                    Trace.TraceError("upay: a callback failed: {0}", exception);
            }
            catch (Exception)
            {
                // Who hears of failures fails: there is nobody left to tell, and C must not hear of it.
            }
        }
    }
}
