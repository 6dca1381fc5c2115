using System;
using Microsoft.Win32.SafeHandles;

namespace Upay
{
    // Each handle is freed once, also when nobody disposes of it. None of the three free functions blocks, so a finalizer
    // may call them.

    internal sealed class ClientHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public ClientHandle() : base(true)
        {
        }

        /// <summary>A handle that somebody else owns.</summary>
        public ClientHandle(IntPtr borrowed) : base(false)
        {
            SetHandle(borrowed);
        }

        /// <summary>Has the client stopped when the process ends.</summary>
        public void StopAtExit()
        {
            AtExit.Add(handle);
        }

        protected override bool ReleaseHandle()
        {
            AtExit.Remove(handle);
            Native.Functions.client_free(handle);
            return true;
        }
    }

    internal sealed class OrderHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public OrderHandle() : base(true)
        {
        }

        protected override bool ReleaseHandle()
        {
            Native.Functions.order_free(handle);
            return true;
        }
    }

    internal sealed class EventHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public EventHandle() : base(true)
        {
        }

        protected override bool ReleaseHandle()
        {
            Native.Functions.event_free(handle);
            return true;
        }
    }
}
