using System;
using System.Threading;
using System.Threading.Tasks;

namespace Upay
{
    /// <summary>
    /// One action under way: passes its progress on, and completes its task. It holds the order, and so the client,
    /// until the library calls drop. So a payment needs no variable of the host to stay alive.
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
        int awaited = 1; // this action, and the cancel that its token started
        bool completed;
        volatile UpayEvent end;

        Run(UpayOrder order, UpayAction action, IProgress<UpayEvent> progress, bool ownsOrder)
        {
            this.order = order;
            this.action = action;
            this.progress = progress;
            this.ownsOrder = ownsOrder;
        }

        /// <summary>Starts the action; throws when the library refuses it.</summary>
        /// <param name="order">The order.</param>
        /// <param name="action">What is done with it.</param>
        /// <param name="progress">Gets the pending events; may be null.</param>
        /// <param name="token">Cancels the order of a payment; for other actions it ends the waiting.</param>
        /// <param name="ownsOrder">The order is disposed of at the end.</param>
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

        /// <summary>Blocks until a task of this class ends; returns its result or throws its exception.</summary>
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

        /// <summary>The action, or the cancel that its token started, has ended.</summary>
        void One()
        {
            lock (gate)
            {
                if (--awaited > 0)
                    return;
                completed = true;
            }
            // The task's continuations run where it is completed, and this thread belongs to the library.
            ThreadPool.QueueUserWorkItem(_ => Complete());
        }

        void Complete()
        {
            // Dispose waits for a cancel that is being started, so it must not run on the library's thread either.
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
                // State: a cancel is already under way. Closed: the stop ends the payment anyway.
                if (status != Status.Ok && status != Status.State && status != Status.Closed)
                    UpayLibrary.Failed(new UpayException(status));
            }
            finally
            {
                if (status != Status.Ok)
                    One();
            }
        }

        /// <summary>Gets the events of the cancel that the token started. The payment's own result says all.</summary>
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
