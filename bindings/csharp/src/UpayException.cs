using System;

namespace Upay
{
    /// <summary>
    /// A call failed: nothing was begun by it. A payment that ends <see cref="Outcome.Failed"/> or
    /// <see cref="Outcome.Unknown"/> is an answer and no exception.
    /// </summary>
    public class UpayException : Exception
    {
        /// <summary>Why.</summary>
        public Status Status { get; private set; }

        /// <summary>The words are this thread's last error: made before any other call of the library.</summary>
        internal UpayException(Status status) : this(status, Text.Out(Native.Functions.last_error()))
        {
        }

        /// <summary>A failure and its words: one line for a programmer.</summary>
        public UpayException(Status status, string words) : base(words + " (" + status + ", " + (int)status + ")")
        {
            Status = status;
        }
    }
}
