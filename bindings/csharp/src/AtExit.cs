using System;
using System.Collections.Generic;

namespace Upay
{
    /// <summary>
    /// Stops the clients that are open when the process ends. Mono would otherwise wait for their threads for ever; and
    /// nowhere does a callback come into a runtime that is going.
    /// </summary>
    internal static class AtExit
    {
        /// <summary>A callback that does not return does not keep the process.</summary>
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
                // One that is freed at this moment is a stale handle, which the library knows and refuses. There is
                // nobody left to tell of that, or of a callback that does not return.
                using (ClientHandle borrowed = new ClientHandle(client))
                    Native.Functions.client_stop(borrowed, LimitMs);
            }
        }
    }
}
