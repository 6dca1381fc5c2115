using System;

namespace Upay
{
    /// <summary>
    /// A call failed and has started nothing. A payment that ends <see cref="Outcome.Failed"/> or
    /// <see cref="Outcome.Unknown"/> is a normal result, not an exception.
    /// </summary>
    public class UpayException : Exception
    {
        /// <summary>Why.</summary>
        public Status Status { get; private set; }

        /// <summary>Takes this thread's last error as its text, so make it before any other call of the library.</summary>
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
