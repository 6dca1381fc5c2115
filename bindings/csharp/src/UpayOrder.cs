using System;
using System.Threading;
using System.Threading.Tasks;

namespace Upay
{
    /// <summary>
    /// One order: its fields and its actions. Most hosts need only the calls of <see cref="UpayClient"/>. May be used from
    /// every thread.
    /// </summary>
    public sealed class UpayOrder : IDisposable
    {
        readonly UpayClient client; // held, because a client without references is stopped
        readonly OrderHandle handle;

        internal UpayOrder(UpayClient client, OrderHandle handle)
        {
            this.client = client;
            this.handle = handle;
        }

        /// <summary>The client that it belongs to.</summary>
        public UpayClient Client
        {
            get { return client; }
        }

        /// <summary>Its number.</summary>
        public string ClientSn
        {
            get { return this["client_sn"]; }
        }

        /// <summary>
        /// A field that was set or, if it was not, the gateway's latest value of it; null when there is none. Setting a
        /// field checks it against the gateway's rule.
        /// </summary>
        public string this[string key]
        {
            get
            {
                byte[] name = Text.In(key);
                try
                {
                    return Text.Of(Native.Fill((Functions f, byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                        f.order_get(handle, name, buffer, capacity, out length)));
                }
                catch (UpayException exception)
                {
                    if (exception.Status == Status.NotFound)
                        return null;
                    throw;
                }
            }
            set { Native.Check(f => f.order_set(handle, Text.In(key), Text.In(value))); }
        }

        /// <summary>Takes a payment with the code that the customer shows. The token cancels the order.</summary>
        public Task<UpayEvent> PayAsync(IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Run.Begin(this, UpayAction.Pay, progress, token, false);
        }

        /// <summary>
        /// Makes a code that the customer scans: the field "qr_code" of a pending event. The token cancels the order.
        /// </summary>
        public Task<UpayEvent> PrecreateAsync(IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Run.Begin(this, UpayAction.Precreate, progress, token, false);
        }

        /// <summary>Queries the order's state once. The token ends only the waiting.</summary>
        public Task<UpayEvent> QueryAsync(IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Run.Begin(this, UpayAction.Query, progress, token, false);
        }

        /// <summary>
        /// Refunds refund_amount under refund_request_no. The token ends only the waiting: the refund goes on.
        /// </summary>
        public Task<UpayEvent> RefundAsync(IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Run.Begin(this, UpayAction.Refund, progress, token, false);
        }

        /// <summary>
        /// Cancels the order, also while its payment is under way. The token ends only the waiting: the cancel goes on.
        /// </summary>
        public Task<UpayEvent> CancelAsync(IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Run.Begin(this, UpayAction.Cancel, progress, token, false);
        }

        /// <summary>
        /// Starts an action for polling: <see cref="UpayClient.NextEvent"/> takes its events, <see cref="Wait"/> the final
        /// one too.
        /// </summary>
        public void Begin(UpayAction action)
        {
            Native.Check(f => Function(f, action)(handle, null, IntPtr.Zero, null));
        }

        /// <summary>Waits for the final event of the newest action; null when it did not come in time.</summary>
        /// <param name="timeoutMs">0 only looks; Timeout.Infinite waits.</param>
        public UpayEvent Wait(int timeoutMs)
        {
            uint limit = Native.Milliseconds(timeoutMs);
            EventHandle last = null;
            Status status = Native.Try(f => f.order_wait(handle, limit, out last));
            if (status == Status.Timeout)
                return null;
            if (status != Status.Ok)
                throw new UpayException(status);
            return new UpayEvent(last);
        }

        /// <summary>Frees the object. Cancels nothing: an action under way goes on.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }

        internal Status Begin(UpayAction action, Listener listener)
        {
            return Callbacks.Hand(listener, (f, fn, userData, drop) => Function(f, action)(handle, fn, userData, drop));
        }

        static Functions.OrderAct Function(Functions f, UpayAction action)
        {
            switch (action)
            {
                case UpayAction.Pay:
                    return f.order_pay;
                case UpayAction.Precreate:
                    return f.order_precreate;
                case UpayAction.Query:
                    return f.order_query;
                case UpayAction.Refund:
                    return f.order_refund;
                case UpayAction.Cancel:
                    return f.order_cancel;
                default:
                    throw new ArgumentOutOfRangeException("action", action, "not an action of an order");
            }
        }
    }
}
