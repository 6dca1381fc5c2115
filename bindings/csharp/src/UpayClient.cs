using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Upay
{
    /// <summary>
    /// One terminal of one merchant. Make one when the till starts, start it, and dispose of it when the till ends.
    /// May be used from every thread.
    /// </summary>
    public sealed class UpayClient : IDisposable
    {
        /// <summary>How long a stop waits by default: 10 s.</summary>
        public const int StopTimeoutMs = 10000;

        readonly ClientHandle handle;
        int disposed;

        /// <summary>A client with these settings. Nothing is sent and nothing is written until it is started.</summary>
        public UpayClient(UpaySettings settings)
        {
            if (settings == null)
                throw new ArgumentNullException("settings");
            ClientHandle made = null;
            Native.Check(f => f.client_new(out made));
            handle = made;
            handle.StopAtExit();
            try
            {
                foreach (KeyValuePair<string, string> setting in settings)
                    this[setting.Key] = setting.Value;
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }

        /// <summary>
        /// A setting by the header's key. It can be set before <see cref="Start"/>, and read until the client is stopped.
        /// The terminal's and the vendor's key can be set, never read.
        /// </summary>
        public string this[string key]
        {
            get
            {
                byte[] name = Text.In(key);
                return Text.Of(Native.Fill((Functions f, byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                    f.client_get(handle, name, buffer, capacity, out length)));
            }
            set
            {
                if (key == "encoding" && value != "utf-8")
                    throw new ArgumentException("encoding: .NET's text goes through the library as utf-8");
                Native.Check(f => f.client_set(handle, Text.In(key), Text.In(value)));
            }
        }

        /// <summary>
        /// Activates a terminal with an activation code, once per terminal, before <see cref="Start"/>. The terminal's
        /// number and keys are kept in state_dir, and later starts need neither.
        /// </summary>
        /// <param name="code">The activation code; single-use.</param>
        /// <param name="timeoutMs">For all of it; 0: the settings' limits alone.</param>
        public void Activate(string code, int timeoutMs = 0)
        {
            uint limit = Native.Milliseconds(timeoutMs);
            Native.Check(f => f.client_activate(handle, Text.In(code), limit));
        }

        /// <summary>
        /// Sets the watcher, which is told about orders that no call waits for: left over from an earlier run, or without
        /// a final answer of the gateway. Before <see cref="Start"/>. Without it these events come from
        /// <see cref="NextEvent"/>.
        /// </summary>
        public void Watch(IProgress<UpayEvent> watcher)
        {
            if (watcher == null)
                throw new ArgumentNullException("watcher");
            Status status = Callbacks.Hand(new Watcher(watcher), (f, fn, userData, drop) =>
                f.client_watch(handle, fn, userData, drop));
            if (status != Status.Ok)
                throw new UpayException(status);
        }

        /// <summary>Starts: opens the terminal's journal and continues what an earlier run left over.</summary>
        public void Start()
        {
            Native.Check(f => f.client_start(handle));
        }

        /// <summary>
        /// Checks in now: the terminal gets a new key. With a device_id and a state_dir the library checks in once a day
        /// by itself.
        /// </summary>
        /// <param name="timeoutMs">For all of it; 0: the settings' limits alone.</param>
        public void Checkin(int timeoutMs = 0)
        {
            uint limit = Native.Milliseconds(timeoutMs);
            Native.Check(f => f.client_checkin(handle, limit));
        }

        /// <summary>
        /// Signs a request of your own and sends it once, for what the gateway offers and the library does not know. A
        /// refusal of the gateway is a reply and throws nothing.
        /// </summary>
        /// <param name="path">Such as "/upay/v2/deposit".</param>
        /// <param name="json">The body, a JSON object.</param>
        /// <param name="timeoutMs">For all of it; 0: the settings' limits alone.</param>
        public UpayEvent Call(string path, string json, int timeoutMs = 0)
        {
            uint limit = Native.Milliseconds(timeoutMs);
            EventHandle reply = null;
            Native.Check(f => f.client_call(handle, Text.In(path), Text.In(json), limit, out reply));
            return new UpayEvent(reply);
        }

        /// <summary>The number of orders without a final answer of the gateway. 0: the till can be switched off.</summary>
        public int Unfinished
        {
            get
            {
                uint count = 0;
                Native.Check(f => f.client_unfinished(handle, out count));
                return (int)count;
            }
        }

        /// <summary>
        /// Takes the oldest event that goes to no callback, for a window's timer; null when none came in time. Throws
        /// <see cref="Status.Closed"/> once the client is stopped and all events were taken.
        /// </summary>
        /// <param name="timeoutMs">0 does not wait.</param>
        public UpayEvent NextEvent(int timeoutMs)
        {
            uint limit = Native.Milliseconds(timeoutMs);
            EventHandle taken = null;
            Status status = Native.Try(f => f.client_next_event(handle, limit, out taken));
            if (status == Status.Timeout)
                return null;
            if (status != Status.Ok)
                throw new UpayException(status);
            return new UpayEvent(taken);
        }

        /// <summary>A new order: set its fields, then start an action.</summary>
        /// <param name="clientSn">Your number for it; null makes one.</param>
        public UpayOrder NewOrder(string clientSn = null)
        {
            OrderHandle made = null;
            Native.Check(f => f.order_new(handle, Text.In(clientSn), out made));
            return new UpayOrder(this, made);
        }

        /// <summary>An order that the journal knows; throws <see cref="Status.NotFound"/> when it does not.</summary>
        public UpayOrder Find(string clientSn)
        {
            OrderHandle found = null;
            Native.Check(f => f.order_find(handle, Text.In(clientSn), out found));
            return new UpayOrder(this, found);
        }

        /// <summary>
        /// Takes a payment with the code that the customer shows. The task's event is the verdict: paid, not paid, or
        /// unknown. The token cancels the order; the task does not become cancelled, and its verdict says how the payment
        /// ended. If the token is cancelled before the call, nothing is sent.
        /// </summary>
        /// <param name="request">The sale.</param>
        /// <param name="progress">Gets the pending events, in order, on a thread of the library.</param>
        /// <param name="token">The cashier gives up.</param>
        public Task<UpayEvent> PayAsync(PayRequest request, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Begin(UpayAction.Pay, request.ClientSn, request, progress, token);
        }

        /// <summary>
        /// Makes a code that the customer scans: the field "qr_code" of a pending event. From there on as a payment.
        /// </summary>
        public Task<UpayEvent> PrecreateAsync(PrecreateRequest request, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Begin(UpayAction.Precreate, request.ClientSn, request, progress, token);
        }

        /// <summary>Gives money back. The token ends only the waiting: the refund goes on.</summary>
        public Task<UpayEvent> RefundAsync(RefundRequest request, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            // ClientSn or Sn names the order. Without ClientSn the library finds the order by its sn.
            if (request.ClientSn == null && request.Sn == null)
                throw new ArgumentException("a refund needs ClientSn or Sn", "request");
            return Begin(UpayAction.Refund, request.ClientSn, request, progress, token);
        }

        /// <summary>
        /// Queries an order once. Success means that the gateway answered; read "order_status". The token ends only the
        /// waiting.
        /// </summary>
        public Task<UpayEvent> QueryAsync(string clientSn, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Begin(UpayAction.Query, Needed(clientSn), null, progress, token);
        }

        /// <summary>
        /// Cancels an order of the same day, also while its payment is under way. The token ends only the waiting: the
        /// cancel goes on.
        /// </summary>
        public Task<UpayEvent> CancelAsync(string clientSn, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            return Begin(UpayAction.Cancel, Needed(clientSn), null, progress, token);
        }

        /// <summary>The blocking form of <see cref="PayAsync"/>; not inside a callback.</summary>
        public UpayEvent Pay(PayRequest request, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            Callbacks.Refuse();
            return Run.Wait(PayAsync(request, progress, token));
        }

        /// <summary>The blocking form of <see cref="PrecreateAsync"/>; not inside a callback.</summary>
        public UpayEvent Precreate(PrecreateRequest request, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            Callbacks.Refuse();
            return Run.Wait(PrecreateAsync(request, progress, token));
        }

        /// <summary>The blocking form of <see cref="RefundAsync"/>; not inside a callback.</summary>
        public UpayEvent Refund(RefundRequest request, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            Callbacks.Refuse();
            return Run.Wait(RefundAsync(request, progress, token));
        }

        /// <summary>The blocking form of <see cref="QueryAsync"/>; not inside a callback.</summary>
        public UpayEvent Query(string clientSn, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            Callbacks.Refuse();
            return Run.Wait(QueryAsync(clientSn, progress, token));
        }

        /// <summary>The blocking form of <see cref="CancelAsync"/>; not inside a callback.</summary>
        public UpayEvent Cancel(string clientSn, IProgress<UpayEvent> progress = null,
            CancellationToken token = default(CancellationToken))
        {
            Callbacks.Refuse();
            return Run.Wait(CancelAsync(clientSn, progress, token));
        }

        /// <summary>
        /// Stops for good. Each payment under way ends <see cref="Outcome.Unknown"/> with <see cref="Status.Closed"/>, and
        /// the next start continues it. Once this returns, no callback runs or will run. Throws <see
        /// cref="Status.Timeout"/> while a callback of yours has not returned; then call it again.
        /// </summary>
        public void Stop(int timeoutMs = StopTimeoutMs)
        {
            uint limit = Native.Milliseconds(timeoutMs);
            Native.Check(f => f.client_stop(handle, limit));
        }

        /// <summary>
        /// Stops, as <see cref="Stop"/> does, and frees the client. Inside a callback, or while one does not return, it
        /// only starts the stop.
        /// </summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) != 0)
                return;
            // The status does not matter: freeing the handle continues the stop.
            Native.Try(f => f.client_stop(handle, StopTimeoutMs));
            handle.Dispose();
        }

        Task<UpayEvent> Begin(UpayAction action, string clientSn, UpayFields fields, IProgress<UpayEvent> progress,
            CancellationToken token)
        {
            UpayOrder order = NewOrder(clientSn);
            try
            {
                if (fields != null)
                    foreach (KeyValuePair<string, string> field in fields)
                        order[field.Key] = field.Value;
                return Run.Begin(order, action, progress, token, true);
            }
            catch
            {
                order.Dispose();
                throw;
            }
        }

        static string Needed(string clientSn)
        {
            if (clientSn == null)
                throw new ArgumentNullException("clientSn");
            return clientSn;
        }

        /// <summary>Holds no reference to the client, so that an unreferenced client can be collected.</summary>
        sealed class Watcher : Listener
        {
            readonly IProgress<UpayEvent> watcher;

            public Watcher(IProgress<UpayEvent> watcher)
            {
                this.watcher = watcher;
            }

            public override void Heard(UpayEvent heard)
            {
                watcher.Report(heard);
            }

            public override void Dropped()
            {
            }
        }
    }
}
