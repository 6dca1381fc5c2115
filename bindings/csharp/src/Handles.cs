using System;
using Microsoft.Win32.SafeHandles;

namespace Upay
{
    // What the library gave us is given back once, also when nobody closes it. None of the three functions blocks, so a
    // finalizer may run them.

    internal sealed class ClientHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public ClientHandle() : base(true)
        {
        }

        /// <summary>One that somebody else owns.</summary>
        public ClientHandle(IntPtr borrowed) : base(false)
        {
            SetHandle(borrowed);
        }

        /// <summary>The end of the process stops it.</summary>
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
