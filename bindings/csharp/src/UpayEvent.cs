using System;

namespace Upay
{
    /// <summary>
    /// What happened: an immutable snapshot. May be read from every thread, and kept as long as you like.
    /// </summary>
    public sealed class UpayEvent : IDisposable
    {
        readonly EventHandle handle;

        internal UpayEvent(EventHandle handle)
        {
            this.handle = handle;
        }

        /// <summary>The action that it is about.</summary>
        public UpayAction Action
        {
            get { return (UpayAction)Number(f => f.event_action); }
        }

        /// <summary>Pending while the action goes on, and its end otherwise.</summary>
        public Outcome Outcome
        {
            get { return (Outcome)Number(f => f.event_outcome); }
        }

        /// <summary>Why; Ok on success, and while all goes well.</summary>
        public Status Status
        {
            get { return (Status)Number(f => f.event_status); }
        }

        /// <summary>What the cashier does next.</summary>
        public Advice Advice
        {
            get { return (Advice)Number(f => f.event_advice); }
        }

        /// <summary>One sentence for the cashier, in the client's language.</summary>
        public string Message
        {
            get { return Words(f => f.event_message(handle)); }
        }

        /// <summary>All fields as one JSON object, with the payer's account and keys redacted.</summary>
        public string Json
        {
            get { return Words(f => f.event_json(handle)); }
        }

        /// <summary>Your number of the order; null when it is about none.</summary>
        public string ClientSn
        {
            get { return this["client_sn"]; }
        }

        /// <summary>
        /// A field by the gateway's own name ("sn", "order_status", "qr_code", …) or one of the library's ("phase",
        /// "queries", "elapsed_ms", "remaining_ms", "message_zh", "message_en"); null when absent.
        /// </summary>
        public string this[string key]
        {
            get
            {
                if (key == null)
                    throw new ArgumentNullException("key");
                return Words(f => f.event_get(handle, Text.In(key)));
            }
        }

        /// <summary>Frees the event. The garbage collector frees an event that is not disposed of.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }

        /// <summary>The same as <see cref="Json"/>.</summary>
        public override string ToString()
        {
            return Json;
        }

        int Number(Func<Functions, Functions.EventNumber> number)
        {
            int value = 0;
            Native.Check(f =>
            {
                value = number(f)(handle);
                return Status.Ok;
            });
            return value;
        }

        string Words(Func<Functions, IntPtr> words)
        {
            string text = null;
            Native.Check(f =>
            {
                bool held = false;
                try
                {
                    // The text lives as long as the event, so the event must not be freed while it is read.
                    handle.DangerousAddRef(ref held);
                    text = Text.Out(words(f));
                    return Status.Ok;
                }
                finally
                {
                    if (held)
                        handle.DangerousRelease();
                }
            });
            return text;
        }
    }
}
