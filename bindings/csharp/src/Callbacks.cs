using System;
using System.Runtime.InteropServices;

namespace Upay
{
    /// <summary>Gets the events of one action, or of the watcher, on a thread of the library.</summary>
    internal abstract class Listener
    {
        /// <summary>An event; the listener owns it from now on.</summary>
        public abstract void Heard(UpayEvent heard);

        /// <summary>The last call, once.</summary>
        public abstract void Dropped();
    }

    /// <summary>
    /// The two functions that the library calls, for all listeners. A listener goes through C as a number, its
    /// GCHandle, which keeps it alive until the library calls the drop function. So the garbage collector neither
    /// frees nor moves anything that the library uses.
    /// </summary>
    internal static class Callbacks
    {
        static readonly Functions.EventFn OnEvent = Event;
        static readonly Functions.DropFn OnDrop = Drop;

        [ThreadStatic] static int inside;

        /// <summary>Inside a callback, waiting for an event would block the thread that delivers it.</summary>
        public static void Refuse()
        {
            if (inside > 0)
                throw new UpayException(Status.Reentrant, "not from inside a callback");
        }

        /// <summary>Passes a listener to the library. If the call fails, the listener is freed here.</summary>
        public static Status Hand(Listener listener,
            Func<Functions, Functions.EventFn, IntPtr, Functions.DropFn, Status> call)
        {
            GCHandle keeper = GCHandle.Alloc(listener);
            bool taken = false;
            try
            {
                Status status = Native.Try(f => call(f, OnEvent, GCHandle.ToIntPtr(keeper), OnDrop));
                taken = status == Status.Ok;
                return status;
            }
            finally
            {
                if (!taken)
                    keeper.Free();
            }
        }

        static void Event(IntPtr lent, IntPtr userData)
        {
            Guarded(() =>
            {
                EventHandle kept = null;
                Native.Check(f => f.event_copy(lent, out kept));
                ((Listener)GCHandle.FromIntPtr(userData).Target).Heard(new UpayEvent(kept));
            });
        }

        static void Drop(IntPtr userData)
        {
            Guarded(() =>
            {
                GCHandle keeper = GCHandle.FromIntPtr(userData);
                Listener listener = (Listener)keeper.Target;
                keeper.Free();
                listener.Dropped();
            });
        }

        static void Guarded(Action call)
        {
            inside++;
            try
            {
                call();
            }
            catch (Exception exception)
            {
                UpayLibrary.Failed(exception);
            }
            finally
            {
                inside--;
            }
        }
    }
}
