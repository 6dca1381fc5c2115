using System;
using System.Threading;
using System.Threading.Tasks;

namespace Upay
{
    /// <summary>
    /// One action under way: passes its progress on, and completes its task. It holds the order, and so the client,
    /// until the library drops it, so that nobody has to keep a variable alive for a payment.
    /// </summary>
    internal sealed class Run : Listener
    {
        readonly UpayOrder order;
        readonly UpayAction action;
        readonly IProgress<UpayEvent> progress;
        readonly bool ownsOrder;
        readonly TaskCompletionSource<UpayEvent> task = new TaskCompletionSource<UpayEvent>();

        readonly object gate = new object();
        CancellationTokenRegistration registration;
        int awaited = 1; // this action, and the cancel that its token asked for
        bool completed;
        volatile UpayEvent end;

        Run(UpayOrder order, UpayAction action, IProgress<UpayEvent> progress, bool ownsOrder)
        {
            this.order = order;
            this.action = action;
            this.progress = progress;
            this.ownsOrder = ownsOrder;
        }

        /// <summary>Begins the action; throws when the library does not take it.</summary>
        /// <param name="order">What it is about.</param>
        /// <param name="action">What is done with it.</param>
        /// <param name="progress">Who hears the pending events; may be null.</param>
        /// <param name="token">Cancels the order of a payment; of all else it ends the waiting.</param>
        /// <param name="ownsOrder">The order is let go of at the end.</param>
        public static Task<UpayEvent> Begin(UpayOrder order, UpayAction action, IProgress<UpayEvent> progress,
            CancellationToken token, bool ownsOrder)
        {
            Run run = new Run(order, action, progress, ownsOrder);
            if (token.IsCancellationRequested)
            {
                run.task.SetCanceled();
                run.LetGo();
                return run.task.Task;
            }
            Status status = order.Begin(action, run);
            if (status != Status.Ok)
                throw new UpayException(status);
            run.Obey(token);
            return run.task.Task;
        }

        /// <summary>Waits for a task of this class as a blocking call does.</summary>
        public static UpayEvent Wait(Task<UpayEvent> task)
        {
            ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
            if (task.IsFaulted)
                throw task.Exception.InnerException;
            if (task.IsCanceled)
                throw new OperationCanceledException();
            return task.Result;
        }

        public override void Heard(UpayEvent heard)
        {
            if (heard.Outcome != Outcome.Pending)
                end = heard;
            else if (progress != null)
                progress.Report(heard);
            else
                heard.Dispose();
        }

        public override void Dropped()
        {
            One();
        }

        /// <summary>One of those that are waited for has come to its end.</summary>
        void One()
        {
            lock (gate)
            {
                if (--awaited > 0)
                    return;
                completed = true;
            }
            // What waits for the task goes on here, and the thread that called belongs to the library.
            ThreadPool.QueueUserWorkItem(_ => Complete());
        }

        void Complete()
        {
            // It waits for a cancel that is just being asked for, so it is not done on the library's thread either.
            registration.Dispose();
            LetGo();
            if (end == null)
                task.TrySetException(new UpayException(Status.Limit,
                    "the final event could not be kept; CallbackFailed was told why, and a query says how the order stands"));
            else
                task.TrySetResult(end);
        }

        void LetGo()
        {
            if (ownsOrder)
                order.Dispose();
        }

        void Obey(CancellationToken token)
        {
            if (!token.CanBeCanceled)
                return;
            bool isPayment = action == UpayAction.Pay || action == UpayAction.Precreate;
            CancellationTokenRegistration made = isPayment
                ? token.Register(Cancel)
                : token.Register(() => task.TrySetCanceled());
            lock (gate)
            {
                registration = made;
                if (!completed)
                    return;
            }
            made.Dispose();
        }

        void Cancel()
        {
            lock (gate)
            {
                if (completed || end != null)
                    return;
                awaited++;
            }
            Status status = Status.Panic;
            try
            {
                status = order.Begin(UpayAction.Cancel, new CancelEar(this));
                // A cancel of it is under way already; a client that is closed ends the payment anyway.
                if (status != Status.Ok && status != Status.State && status != Status.Closed)
                    UpayLibrary.Failed(new UpayException(status));
            }
            finally
            {
                if (status != Status.Ok)
                    One();
            }
        }

        /// <summary>The cancel that the token asked for: how the payment ended says all.</summary>
        sealed class CancelEar : Listener
        {
            readonly Run run;

            public CancelEar(Run run)
            {
                this.run = run;
            }

            public override void Heard(UpayEvent heard)
            {
                heard.Dispose();
            }

            public override void Dropped()
            {
                run.One();
            }
        }
    }
}
