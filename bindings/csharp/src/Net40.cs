#if NET40
using System;
using System.Threading;

namespace Upay
{
    // What .NET 4.0 lacks and later ones have as System.IProgress and System.Progress, under the same names and
    // meaning, so that a till's source need not change when it moves on.

    /// <summary>Hears how something goes on.</summary>
    public interface IProgress<in T>
    {
        /// <summary>Something has happened.</summary>
        void Report(T value);
    }

    /// <summary>
    /// Calls a function for each report, where it was made: on the window's thread, or, where there is none, on the
    /// thread pool, and then not always in order.
    /// </summary>
    public sealed class Progress<T> : IProgress<T>
    {
        readonly Action<T> handler;
        readonly SynchronizationContext context = SynchronizationContext.Current ?? new SynchronizationContext();

        /// <summary>Calls this function for each report.</summary>
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
