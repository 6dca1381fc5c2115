// Trace in every build: an exception that nobody handles leaves no other sign.
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
        /// Gets an exception that left a function of yours while the library called it: a progress, a watcher, a log. The
        /// exception does not affect a payment: its events go on, and the final one comes. Without a handler here it is
        /// written to <see cref="Trace"/>.
        /// </summary>
        public static event Action<Exception> CallbackFailed;

        /// <summary>
        /// Sends the library's log to a function of yours from now on: one line at a time, from any thread, without
        /// keys, barcodes and payers' accounts. A line that is being written at that moment may still go to the previous
        /// function.
        /// </summary>
        /// <param name="level">The most verbose level that is wanted; Off ends the log.</param>
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

        /// <summary>Reports an exception from a callback. No exception may enter the library.</summary>
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
                // The handler itself failed. Nobody is left to tell, and the exception must not enter C.
            }
        }
    }
}
