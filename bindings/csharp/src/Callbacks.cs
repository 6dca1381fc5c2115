using System;
using System.Runtime.InteropServices;

namespace Upay
{
    /// <summary>Who hears the events of one action, or of the watch, on a thread of the library.</summary>
    internal abstract class Listener
    {
        /// <summary>An event, which is the listener's from now on.</summary>
        public abstract void Heard(UpayEvent heard);

        /// <summary>The last call, once.</summary>
        public abstract void Dropped();
    }

    /// <summary>
    /// The two functions that the library calls, for all listeners. A listener goes through C as a number, the
    /// GCHandle that keeps it alive until the library drops it: nothing is left for the garbage collector to take or
    /// to move.
    /// </summary>
    internal static class Callbacks
    {
        static readonly Functions.EventFn OnEvent = Event;
        static readonly Functions.DropFn OnDrop = Drop;

        [ThreadStatic] static int inside;

        /// <summary>Waiting here for an event would wait for oneself.</summary>
        public static void Refuse()
        {
            if (inside > 0)
                throw new UpayException(Status.Reentrant, "not from inside a callback");
        }

        /// <summary>Hands a listener to the library, which has not taken it when the call fails.</summary>
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
