using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Upay.Tests
{
    using static Bench;

    /// <summary>The promises of C# alone. The first runs before the library is loaded.</summary>
    static class OwnPromises
    {
        public static void ALibraryOfAnotherWidthIsExplained()
        {
            string right = Environment.GetEnvironmentVariable("UPAY_LIBRARY");
            bool is32 = IntPtr.Size == 4;
            byte[] elf = { 0x7f, (byte)'E', (byte)'L', (byte)'F', (byte)(is32 ? 2 : 1) };
            byte[] pe = new byte[0x46];
            pe[0] = (byte)'M';
            pe[1] = (byte)'Z';
            pe[0x3c] = 0x40;
            pe[0x40] = (byte)'P';
            pe[0x41] = (byte)'E';
            BitConverter.GetBytes((ushort)(is32 ? 0x8664 : 0x14c)).CopyTo(pe, 0x44);
            try
            {
                foreach (byte[] image in new[] { elf, pe })
                {
                    string path = Path.Combine(NewDirectory(), "upay.dll");
                    File.WriteAllBytes(path, image);
                    Environment.SetEnvironmentVariable("UPAY_LIBRARY", path);
                    string words = Throws<BadImageFormatException>(() => Is("", UpayLibrary.Version)).Message;
                    True(words.Contains(path) && words.Contains("this process is " + (is32 ? 32 : 64) + "-bit")
                        && words.Contains("a " + (is32 ? 64 : 32) + "-bit library"), words);
                }
                string nowhere = Path.Combine(NewDirectory(), "upay.dll");
                Environment.SetEnvironmentVariable("UPAY_LIBRARY", nowhere);
                string missing = Throws<DllNotFoundException>(() => Is("", UpayLibrary.Version)).Message;
                True(missing.Contains(nowhere), missing);
            }
            finally
            {
                Environment.SetEnvironmentVariable("UPAY_LIBRARY", right);
            }
            Is(Path.GetFullPath(right), UpayLibrary.Path);
            True(UpayLibrary.Version.Contains("."), UpayLibrary.Version);
        }

        public static void WhatFollowsATaskNeverRunsOnTheLibrarysThread()
        {
            List<int> librarys = new List<int>();
            Subscriber subscriber = new Subscriber(_ =>
            {
                lock (librarys)
                    librarys.Add(Thread.CurrentThread.ManagedThreadId);
            });
            using (UpayClient client = Start())
            using (ManualResetEvent done = new ManualResetEvent(false))
            {
                int thread = 0;
                bool fromPool = false;
                client.PayAsync(Sale(PaidAfter1S), subscriber).ContinueWith(_ =>
                {
                    thread = Thread.CurrentThread.ManagedThreadId;
                    fromPool = Thread.CurrentThread.IsThreadPoolThread;
                    // Here, unlike in a callback, the client may be stopped.
                    client.Stop();
                    done.Set();
                }, TaskContinuationOptions.ExecuteSynchronously);
                True(done.WaitOne(PatienceMs), "what follows runs");
                True(fromPool, "on the thread pool");
                True(librarys.Count > 0 && !librarys.Contains(thread), "not on the library's thread");
            }
        }

        public static void GarbageIsCollectedInsideCallbacks()
        {
            Subscriber subscriber = new Subscriber(heard =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
                True(heard.ClientSn != null, heard.Json);
            });
            List<Exception> failed = new List<Exception>();
            Action<Exception> note = exception =>
            {
                lock (failed)
                    failed.Add(exception);
            };
            UpayLibrary.CallbackFailed += note;
            using (UpayClient client = Start())
            {
                // Nothing refers to the requests, the orders, or the task sources.
                Task<UpayEvent>[] payments =
                    Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? PaidAfter1S : PaidAtOnce)
                        .Select(barcode => client.PayAsync(Sale(barcode), subscriber)).ToArray();
                foreach (Task<UpayEvent> payment in payments)
                    Verdict(End(payment), Outcome.Success, Status.Ok);
            }
            UpayLibrary.CallbackFailed -= note;
            Is("", string.Join("\n", failed.Select(one => one.ToString()).ToArray()));
            True(subscriber.Heard.Count >= 20, "progress was heard");
        }

        public static void AnExceptionInAProgressIsToldAndChangesNothing()
        {
            List<Exception> failed = new List<Exception>();
            Action<Exception> note = exception =>
            {
                lock (failed)
                    failed.Add(exception);
            };
            using (UpayClient client = Start())
            {
                UpayLibrary.CallbackFailed += note;
                Subscriber subscriber = new Subscriber(_ => { throw new InvalidOperationException("a defect of the till's"); });
                Verdict(End(client.PayAsync(Sale(PaidAfter1S), subscriber)), Outcome.Success, Status.Ok);
                UpayLibrary.CallbackFailed -= note;
                Is(subscriber.Heard.Count, failed.Count);
                True(failed.All(one => one is InvalidOperationException), "each of them");

                // There is no handler, so it is traced.
                StringWriter traced = new StringWriter();
                TraceListener listener = new TextWriterTraceListener(traced);
                Trace.Listeners.Add(listener);
                Verdict(End(client.PayAsync(Sale(PaidAtOnce), subscriber)), Outcome.Success, Status.Ok);
                Trace.Listeners.Remove(listener);
                True(traced.ToString().Contains("a defect of the till's"), traced.ToString());
            }
        }

        public static void ATokenCancelsTheOrder()
        {
            using (UpayClient client = Start())
            using (CancellationTokenSource cashier = new CancellationTokenSource())
            {
                Subscriber subscriber = new Subscriber();
                Task<UpayEvent> payment = client.PayAsync(Sale(NeverPaid), subscriber, cashier.Token);
                subscriber.Await("it is asked about", one => one["phase"] == "querying");
                cashier.Cancel();
                UpayEvent end = End(payment);
                Verdict(end, Outcome.Failed, Status.Cancelled);
                Is(0L, Charged(end.ClientSn));
                Is(null, client.NextEvent(0), "the token's cancel leaves no event behind");
            }
        }

        public static void ATokenThatIsCancelledAlreadyHasNothingSent()
        {
            using (UpayClient client = Start())
            using (CancellationTokenSource cashier = new CancellationTokenSource())
            {
                cashier.Cancel();
                True(client.PayAsync(Sale(PaidAtOnce), null, cashier.Token).IsCanceled, "the task");
                Throws<OperationCanceledException>(() => client.Pay(Sale(PaidAtOnce), null, cashier.Token));
                Is(0, client.Unfinished);
            }
        }

        public static void ATokenThatComesTooLateCancelsNothing()
        {
            using (UpayClient client = Start())
            using (CancellationTokenSource cashier = new CancellationTokenSource())
            {
                UpayEvent end = End(client.PayAsync(Sale(PaidAtOnce), null, cashier.Token));
                cashier.Cancel();
                Is("PAID", client.Query(end.ClientSn)["order_status"]);
                Is(1250L, Charged(end.ClientSn));
            }
        }

        /// <summary>The final event "paid" waits for a busy callback: the cashier cancels too late.</summary>
        public static void PaidAndCancelledTooLateStaysPaid()
        {
            using (UpayClient client = Start())
            using (CancellationTokenSource cashier = new CancellationTokenSource())
            using (ManualResetEvent busy = new ManualResetEvent(true))
            {
                busy.Reset();
                PayRequest sale = Sale(PaidAtOnce);
                sale.ClientSn = "cs-late-" + Guid.NewGuid().ToString("N").Substring(0, 16);
                Subscriber subscriber = new Subscriber(_ => busy.WaitOne(PatienceMs));
                Task<UpayEvent> payment = client.PayAsync(sale, subscriber, cashier.Token);
                using (UpayOrder order = client.Find(sale.ClientSn))
                    Until("the library knows that it is paid",
                        () => order["order_status"] == "PAID" && client.Unfinished == 0);
                cashier.Cancel();
                busy.Set();
                Verdict(End(payment), Outcome.Success, Status.Ok);
                Is(1250L, Charged(sale.ClientSn));
            }
        }

        public static void ATokenEndsTheWaitingForARefundAlone()
        {
            using (UpayClient client = Start())
            using (CancellationTokenSource impatient = new CancellationTokenSource())
            {
                string clientSn = client.Pay(Sale(PaidAtOnce)).ClientSn;
                Task<UpayEvent> refund = client.RefundAsync(new RefundRequest
                {
                    ClientSn = clientSn, RefundRequestNo = "r1", RefundAmount = 250, Operator = "[sim:slow-reply=5]",
                }, null, impatient.Token);
                impatient.Cancel();
                True(refund.IsCanceled, "the waiting ends");
                Until("the refund goes on", () => client.Unfinished == 0 && Charged(clientSn) == 1000);
            }
        }

        public static void ABlockingCallInACallbackIsRefused()
        {
            List<Status> refused = new List<Status>();
            using (UpayClient client = Start())
            {
                Subscriber subscriber = new Subscriber(_ =>
                {
                    refused.Add(Throws<UpayException>(() => client.Pay(Sale(PaidAtOnce))).Status);
                    refused.Add(Throws<UpayException>(() => client.Stop()).Status);
                });
                Verdict(End(client.PayAsync(Sale(PaidAfter1S), subscriber)), Outcome.Success, Status.Ok);
                Is(0, client.Unfinished);
            }
            True(refused.Count > 0 && refused.All(status => status == Status.Reentrant), "each of them");
        }

        public static void AClientMayBeDisposedOfInsideItsCallback()
        {
            UpayClient client = Start();
            Subscriber subscriber = new Subscriber(_ => client.Dispose());
            Verdict(End(client.PayAsync(Sale(NeverPaid), subscriber)), Outcome.Unknown, Status.Closed);
        }

        public static void TheLogIsHeard()
        {
            List<string> lines = new List<string>();
            UpayLibrary.SetLog(LogLevel.Debug, (level, line) =>
            {
                lock (lines)
                    lines.Add(level + " " + line);
            });
            UpayEvent end;
            using (UpayClient client = Start())
                end = client.Pay(Sale(PaidAtOnce));
            UpayLibrary.SetLog(LogLevel.Off, null);
            lock (lines)
            {
                True(lines.Any(line => line.Contains(end.ClientSn)), "the order is in it");
                True(!lines.Any(line => line.Contains(PaidAtOnce)), "no barcode");
                True(!lines.Any(line => line.Contains(TerminalKey)), "no key");
            }
        }

        public static void ANotificationIsReadBehindItsSignature()
        {
            string data = Environment.GetEnvironmentVariable("UPAY_TEST_DATA");
            byte[] body = File.ReadAllBytes(Path.Combine(data, "notify/paid.json"));
            string signature = File.ReadAllText(Path.Combine(data, "notify/paid.signature"));
            string key = File.ReadAllText(Path.Combine(data, "notify/public_key.pem"));
            UpayEvent read = Upay.Gateway.VerifyNotify(body, signature, key);
            Verdict(read, Outcome.Success, Status.Ok);
            True(read.ClientSn != null, read.Json);
            body[body.Length - 2] ^= 1;
            Throws(Status.Sign, () => Upay.Gateway.VerifyNotify(body, signature, key));
            Throws(Status.Sign, () => Upay.Gateway.VerifyNotify(body, "", key));
        }

        public static void TextThatCannotBeSentWholeIsRefused()
        {
            using (UpayClient client = Start())
            using (UpayOrder order = client.NewOrder())
            {
                Throws<ArgumentException>(() => order["subject"] = "half of a pair: \ud83d");
                Throws<ArgumentException>(() => order["subject"] = "a\0b");
                Throws<ArgumentException>(() => new UpayClient(Settings())["encoding"] = "gbk");
                order["subject"] = string.Concat(Enumerable.Repeat("😀", 64).ToArray());
                Is(128, order["subject"].Length);
            }
        }

        public static void AWindowsProgressComesOnItsThread()
        {
            // A minimal window context: its owner runs what is posted to it.
            Posts context = new Posts();
            SynchronizationContext earlier = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(context);
            List<int> threads = new List<int>();
            Progress<UpayEvent> progress = new Progress<UpayEvent>(
                _ => threads.Add(Thread.CurrentThread.ManagedThreadId));
            SynchronizationContext.SetSynchronizationContext(earlier);
            using (UpayClient client = Start())
                Verdict(End(client.PayAsync(Sale(PaidAfter1S), progress)), Outcome.Success, Status.Ok);
            Is(0, threads.Count, "nothing runs before its window does");
            context.RunAll();
            int window = Thread.CurrentThread.ManagedThreadId;
            True(threads.Count >= 2 && threads.All(thread => thread == window), "on its thread");
        }

        sealed class Posts : SynchronizationContext
        {
            readonly Queue<Action> posts = new Queue<Action>();

            public override void Post(SendOrPostCallback callback, object state)
            {
                lock (posts)
                    posts.Enqueue(() => callback(state));
            }

            public void RunAll()
            {
                lock (posts)
                    while (posts.Count > 0)
                        posts.Dequeue()();
            }
        }
    }
}
