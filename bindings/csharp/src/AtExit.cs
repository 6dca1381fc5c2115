using System;
using System.Collections.Generic;

namespace Upay
{
    /// <summary>
    /// Stops the clients that are open when the process ends. Otherwise Mono would wait for their threads for ever, and
    /// a callback could enter a runtime that is shutting down.
    /// </summary>
    internal static class AtExit
    {
        /// <summary>A callback that does not return must not keep the process alive.</summary>
        const uint LimitMs = 10000;

        static readonly HashSet<IntPtr> Open = new HashSet<IntPtr>();

        static AtExit()
        {
            AppDomain.CurrentDomain.ProcessExit += (sender, arguments) => StopAll();
        }

        public static void Add(IntPtr client)
        {
            lock (Open)
                Open.Add(client);
        }

        public static void Remove(IntPtr client)
        {
            lock (Open)
                Open.Remove(client);
        }

        static void StopAll()
        {
            List<IntPtr> clients;
            lock (Open)
                clients = new List<IntPtr>(Open);
            foreach (IntPtr client in clients)
            {
                // A client that is freed at this moment is a stale handle, which the library refuses. Errors are
                // ignored: at this point nobody can act on them.
                using (ClientHandle borrowed = new ClientHandle(client))
                    Native.Functions.client_stop(borrowed, LimitMs);
            }
        }
    }
}
