#if NET40
using System;
using System.Threading;

namespace Upay
{
    // System.IProgress and System.Progress for .NET 4.0, which lacks them. Names and meaning are the same, so that a
    // till's source need not change for a later .NET.

    /// <summary>Gets reports of progress.</summary>
    public interface IProgress<in T>
    {
        /// <summary>Reports a change.</summary>
        void Report(T value);
    }

    /// <summary>
    /// Calls a function for each report on the thread where this object was made, if that is a window's thread.
    /// Otherwise it calls the function on the thread pool, and not always in order.
    /// </summary>
    public sealed class Progress<T> : IProgress<T>
    {
        readonly Action<T> handler;
        readonly SynchronizationContext context = SynchronizationContext.Current ?? new SynchronizationContext();

        /// <summary>Makes an object that calls this function for each report.</summary>
        public Progress(Action<T> handler)
        {
            if (handler == null)
                throw new ArgumentNullException("handler");
            this.handler = handler;
        }

        void IProgress<T>.Report(T value)
        {
            context.Post(_ => handler(value), null);
        }
    }
}
#endif
