using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace Upay.Tests
{
    using static Bench;

    /// <summary>The promises of bindings/tests.txt, in its order.</summary>
    static class Promises
    {
        public static void Make()
        {
            UpaySettings settings = Settings();
            settings["poll"] = "100,200";
            using (UpayClient client = new UpayClient(settings))
            {
                Is("100,200", client["poll"]);
                Is(TerminalSn, client["terminal_sn"]);
                Is("", client["proxy"]);
                client["operator"] = "anna";
                Is("anna", client["operator"]);
                Throws(Status.Key, () => client["terminal_key"].ToString());
                Throws(Status.Key, () => client["no_such_key"] = "1");
                client.Start();
                Is(0, client.Unfinished);
                Throws(Status.State, () => client["operator"] = "berta");
                client.Stop();
                client.Stop();
            }
        }

        public static void PaySuccess()
        {
            using (UpayClient client = Start())
            using (UpayEvent end = End(client.PayAsync(Sale(PaidAtOnce))))
            {
                Verdict(end, Outcome.Success, Status.Ok);
                Is(UpayAction.Pay, end.Action);
                Is(Advice.Deliver, end.Advice);
                Is("PAID", end["order_status"]);
                Is(null, end["no_such_field"]);
                Is(1250L, Charged(end.ClientSn));
                Is(Outcome.Success, client.Pay(Sale(PaidAtOnce)).Outcome, "the blocking twin");
            }
        }

        public static void PayFailed()
        {
            using (UpayClient client = Start())
            {
                UpayEvent end = End(client.PayAsync(Sale(Expired)));
                Verdict(end, Outcome.Failed, Status.Refused);
                Is("EXPIRED_BARCODE", end["biz_error_code"]);
                Is(Advice.AskCustomer, end.Advice);
            }
        }

        public static void PayUnknown()
        {
            using (UpayClient client = Start())
            {
                UpayEvent end = End(client.PayAsync(Sale(NobodyKnows)));
                Is(Outcome.Unknown, end.Outcome, end.Json);
                True(end.Advice != Advice.Deliver, "no goods");
                Is(1, client.Unfinished);
            }
        }

        public static void ProgressInOrder()
        {
            string[] phases = { "sending", "querying", "cancelling", "done" };
            Subscriber subscriber = new Subscriber();
            using (UpayClient client = Start())
            {
                UpayEvent end = End(client.PayAsync(Sale(PaidAfter1S), subscriber));
                Verdict(end, Outcome.Success, Status.Ok);
                Is("done", end["phase"]);
            }
            List<UpayEvent> heard = subscriber.Heard;
            True(heard.Count >= 2, "progress was heard");
            True(heard.All(one => one.Outcome == Outcome.Pending), "the final one is the task's alone");
            int[] order = heard.Select(one => Array.IndexOf(phases, one["phase"])).ToArray();
            True(order.All(phase => phase >= 0) && order.SequenceEqual(order.OrderBy(phase => phase)),
                string.Join(" ", heard.Select(one => one["phase"]).ToArray()));
            Is("sending", heard[0]["phase"]);
        }

        public static void PullForm()
        {
            using (UpayClient client = Start())
            using (UpayOrder order = client.NewOrder())
            {
                Is(null, client.NextEvent(0), "nothing has happened");
                foreach (KeyValuePair<string, string> field in Sale(PaidAtOnce))
                    order[field.Key] = field.Value;
                Is("Pizza", order["subject"]);
                Is(null, order["sn"], "not known yet");
                order.Begin(UpayAction.Pay);
                UpayEvent end;
                do
                    end = client.NextEvent(PatienceMs);
                while (end != null && end.Outcome == Outcome.Pending);
                True(end != null, "the final event comes");
                Verdict(end, Outcome.Success, Status.Ok);
                Is(order.ClientSn, end.ClientSn);
                Is(Outcome.Success, order.Wait(PatienceMs).Outcome);
                order.Begin(UpayAction.Query);
                UpayEvent answer = order.Wait(PatienceMs);
                Is(UpayAction.Query, answer.Action);
                Is("PAID", answer["order_status"]);
                Is(end["sn"], order["sn"]);
            }
        }

        public static void CancelFromAnotherThread()
        {
            using (UpayClient client = Start())
            {
                PayRequest sale = Sale(NeverPaid);
                sale.ClientSn = "cs-cancel-" + Guid.NewGuid().ToString("N").Substring(0, 16);
                Subscriber subscriber = new Subscriber();
                Task<UpayEvent> payment = client.PayAsync(sale, subscriber);
                subscriber.Await("it is asked about", one => one["phase"] == "querying");
                Exception thrown = null;
                UpayEvent cancelled = null;
                Thread cashier = new Thread(() =>
                {
                    try
                    {
                        cancelled = client.Cancel(sale.ClientSn);
                    }
                    catch (Exception exception)
                    {
                        thrown = exception;
                    }
                });
                cashier.Start();
                Verdict(End(payment), Outcome.Failed, Status.Cancelled);
                True(cashier.Join(PatienceMs), "the cancel ends");
                Is(null, thrown);
                Verdict(cancelled, Outcome.Success, Status.Ok);
                Is(0L, Charged(sale.ClientSn));
            }
        }

        public static void Refund()
        {
            using (UpayClient client = Start())
            {
                string clientSn = End(client.PayAsync(Sale(PaidAtOnce))).ClientSn;
                RefundRequest request = new RefundRequest
                {
                    ClientSn = clientSn,
                    RefundRequestNo = "r1",
                    RefundAmount = 250,
                };
                UpayEvent end = End(client.RefundAsync(request));
                Verdict(end, Outcome.Success, Status.Ok);
                Is(UpayAction.Refund, end.Action);
                Is("r1", end["refund_request_no"]);
                Is(1000L, Charged(clientSn));
                True(Ledger(clientSn).Contains("\"refund_request_no\":\"r1\",\"amount\":250"), Ledger(clientSn));
                request.RefundRequestNo = "r2";
                Is(Outcome.Success, client.Refund(request).Outcome, "the blocking twin");
                Is(750L, Charged(clientSn));
            }
        }

        public static void Qr()
        {
            using (UpayClient client = Start())
            {
                Subscriber subscriber = new Subscriber();
                Task<UpayEvent> payment = client.PrecreateAsync(
                    new PrecreateRequest { TotalAmount = 1250, Subject = "Pizza", Payway = "3" }, subscriber);
                string code = subscriber.Await("the code", one => one["qr_code"] != null)["qr_code"];
                CustomerScans(code);
                UpayEvent end = End(payment);
                Verdict(end, Outcome.Success, Status.Ok);
                Is(1250L, Charged(end.ClientSn));
                byte[] bmp = Upay.Qr.Bmp(code);
                True(bmp[0] == 'B' && bmp[1] == 'M' && BitConverter.ToInt32(bmp, 2) == bmp.Length, "a whole .bmp file");
                string svg = Upay.Qr.Svg(code);
                True(svg.Contains("<svg") && svg.TrimEnd().EndsWith("</svg>"), svg);
                Throws(Status.Value, () => Upay.Qr.Bmp(code, 33));
                Throws(Status.Value, () => Upay.Qr.Bmp(code, -1));
            }
        }

        public static void ChineseTextBothWays()
        {
            foreach (string language in new[] { "zh", "en" })
            {
                UpaySettings settings = Settings();
                settings.Language = language;
                using (UpayClient client = Start(settings))
                {
                    PayRequest sale = Sale(PaidAtOnce);
                    sale.Subject = "披萨😀";
                    UpayEvent end = End(client.PayAsync(sale));
                    Verdict(end, Outcome.Success, Status.Ok);
                    Is("披萨😀", end["subject"]);
                    Is(end["message_" + language], end.Message);
                    Is(language == "zh", Regex.IsMatch(end.Message, "[\u4e00-\u9fff]"), end.Message);
                    True(end.Json.Contains("披萨😀") || end.Json.Contains("\\ud83d\\ude00"), end.Json);
                }
            }
        }

        public static void BadInput()
        {
            using (UpayClient client = Start())
            {
                UpayException wrong = Throws(Status.Value, () => client.Pay(Sale(PaidAtOnce, 0)));
                True(wrong.Message.Contains("total_amount"), wrong.Message);
                PayRequest wordy = new PayRequest { Subject = new string('x', 65) };
                wrong = Throws(Status.Value, () => End(client.PayAsync(wordy)));
                True(wrong.Message.Contains("subject") && wrong.Message.Contains("64"), wrong.Message);
                wrong = Throws(Status.Missing, () => client.Pay(new PayRequest { TotalAmount = 1 }));
                True(wrong.Message.Contains("dynamic_id") || wrong.Message.Contains("subject"), wrong.Message);
                PayRequest unknown = Sale(PaidAtOnce);
                unknown["no_such_field"] = "1";
                Throws(Status.Key, () => client.Pay(unknown));
                Throws(Status.NotFound, () => client.Find("never-sent"));
                Is(0, client.Unfinished);
            }
        }

        public static void CloseWithPaymentsUnderWay()
        {
            string directory = NewDirectory();
            List<Task<UpayEvent>> payments = new List<Task<UpayEvent>>();
            using (UpayClient client = Start(Settings(directory)))
            {
                for (int i = 0; i < 3; i++)
                    payments.Add(client.PayAsync(Sale(NeverPaid)));
                client.Stop();
            }
            string[] numbers = payments.Select(payment =>
            {
                UpayEvent end = End(payment);
                Verdict(end, Outcome.Unknown, Status.Closed);
                return end.ClientSn;
            }).ToArray();
            Subscriber watcher = new Subscriber();
            using (UpayClient client = new UpayClient(Settings(directory)))
            {
                client.Watch(watcher);
                client.Start();
                Is(3, client.Unfinished);
                foreach (string number in numbers)
                {
                    using (UpayOrder found = client.Find(number))
                        Is(number, found.ClientSn);
                    UpayEvent end = watcher.Await("how " + number + " ends",
                        one => one.ClientSn == number && one.Outcome != Outcome.Pending);
                    Is(UpayAction.Watch, end.Action);
                    Is(Outcome.Failed, end.Outcome, end.Json);
                    Is(0L, Charged(number));
                }
            }
        }

        public static void Threads64()
        {
            List<string> wrong = new List<string>();
            using (UpayClient client = Start())
            {
                List<Thread> tills = new List<Thread>();
                for (int i = 0; i < 64; i++)
                {
                    PayRequest sale = Sale(i % 2 == 0 ? PaidAtOnce : Expired, 100 + i);
                    sale.ClientSn = "cs64-" + i + "-" + Guid.NewGuid().ToString("N").Substring(0, 16);
                    Outcome outcome = i % 2 == 0 ? Outcome.Success : Outcome.Failed;
                    Thread till = new Thread(() =>
                    {
                        try
                        {
                            UpayEvent end = client.Pay(sale);
                            Is(outcome, end.Outcome, end.Json);
                            Is(sale.ClientSn, end.ClientSn);
                            if (outcome == Outcome.Success)
                                Is(sale.TotalAmount.ToString(), end["total_amount"]);
                        }
                        catch (Exception exception)
                        {
                            lock (wrong)
                                wrong.Add(exception.ToString());
                        }
                    });
                    till.Start();
                    tills.Add(till);
                }
                foreach (Thread till in tills)
                    True(till.Join(PatienceMs), "each till gets its answer");
            }
            Is("", string.Join("\n", wrong.ToArray()));
        }

        public static void UseAfterClose()
        {
            UpayClient client = Start();
            UpayOrder order = client.NewOrder();
            UpayEvent end = End(client.PayAsync(Sale(PaidAtOnce)));
            client.Stop();
            Throws(Status.Closed, () => client.Pay(Sale(PaidAtOnce)));
            Throws(Status.Closed, () => client.NextEvent(0));
            Throws(Status.Closed, () => order["subject"] = "Pasta");
            Throws(Status.Closed, () => Is(0, client.Unfinished));
            client.Dispose();
            client.Dispose();
            Throws(Status.Handle, () => client.Pay(Sale(PaidAtOnce)));
            Throws(Status.Handle, () => client.Stop());
            Throws(Status.Handle, () => client["operator"].ToString());
            order.Dispose();
            order.Dispose();
            Throws(Status.Handle, () => order.Begin(UpayAction.Query));
            Throws(Status.Handle, () => order.Wait(0));
            Is("PAID", end["order_status"], "an event outlives its client");
            end.Dispose();
            end.Dispose();
            Throws(Status.Handle, () => Is("", end.Message));
            Throws(Status.Handle, () => Is(Outcome.Unknown, end.Outcome));
        }

        public static void LetGoWithoutClose()
        {
            string directory = NewDirectory();
            // On its own thread, so that no stack still refers to the client.
            Alone(() => Abandon(directory));
            // The terminal is free again once its client is collected.
            Until("the client is let go of", () =>
            {
                try
                {
                    using (Start(Settings(directory)))
                        return true;
                }
                catch (UpayException exception)
                {
                    Is(Status.Locked, exception.Status, exception.Message);
                    return false;
                }
            });
            // A payment under way holds its client: only its task is held here.
            Task<UpayEvent> payment = null;
            Alone(() => payment = Start().PayAsync(Sale(PaidAfter1S)));
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Verdict(End(payment), Outcome.Success, Status.Ok);
            // One payment is still under way when this process ends.
            Alone(() => Start().PayAsync(Sale(NeverPaid)));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Abandon(string directory)
        {
            // By polling, because Mono treats what a callback left on its thread's stack as a reference for as long as
            // the client has that thread.
            UpayOrder order = Start(Settings(directory)).NewOrder();
            foreach (KeyValuePair<string, string> field in Sale(PaidAtOnce))
                order[field.Key] = field.Value;
            order.Begin(UpayAction.Pay);
            Is(Outcome.Success, order.Wait(PatienceMs).Outcome);
        }

        static void Alone(Action action)
        {
            Exception thrown = null;
            Thread thread = new Thread(() =>
            {
                try
                {
                    action();
                }
                catch (Exception exception)
                {
                    thrown = exception;
                }
            });
            thread.Start();
            thread.Join();
            Is(null, thrown);
        }

        public static void ActivateAndCheckin()
        {
            UpaySettings settings = Settings();
            settings.TerminalSn = settings.TerminalKey = null;
            settings.VendorSn = "200000000000001";
            settings.VendorKey = "simulator-vendor-key";
            settings.AppId = "2016";
            settings.DeviceId = "cs-" + Guid.NewGuid().ToString("N").Substring(0, 16);
            using (UpayClient client = new UpayClient(settings))
            {
                client.Activate("10000001");
                string terminal = client["terminal_sn"];
                True(terminal != "" && terminal != TerminalSn, terminal);
                client.Start();
                Is(Outcome.Success, client.Pay(Sale(PaidAtOnce)).Outcome);
                client.Checkin();
                UpayEvent end = client.Pay(Sale(PaidAtOnce));
                Verdict(end, Outcome.Success, Status.Ok);
                True(Ledger(end.ClientSn).Contains(terminal), Ledger(end.ClientSn));
            }
        }

        public static void Call()
        {
            using (UpayClient client = Start())
            {
                UpayEvent reply = client.Call("/echo/till", "{\"echo\":\"披萨\"}");
                Is(UpayAction.Call, reply.Action);
                Is("SUCCESS", reply["biz_result_code"], reply.Json);
                Is("/echo/till", reply["path"]);
                Is("披萨", reply["echo"]);
                Is(TerminalSn, reply["signer"]);
            }
        }

        public static void Tables()
        {
            Is(Outcome.Success, Codes.Outcome(Table.OrderStatus, "PAID"));
            Is(Advice.Deliver, Codes.Advice(Table.OrderStatus, "PAID"));
            True(Regex.IsMatch(Codes.Text(Table.OrderStatus, "PAID"), "[\u4e00-\u9fff]"), "Chinese");
            True(Regex.IsMatch(Codes.Text(Table.OrderStatus, "PAID", "en"), "^[ -~]+$"), "English");
            foreach (Table table in Enum.GetValues(typeof(Table)))
            {
                List<string> codes = Codes.Of(table).ToList();
                True(codes.Count > 0, table.ToString());
                True(codes.All(code => Codes.Text(table, code) != null && Codes.Text(table, code, "en") != null),
                    table + " has a text for each code");
            }
            Is(null, Codes.Text(Table.OrderStatus, "NO_SUCH_CODE"));
            Is(null, Codes.Text(Table.OrderStatus, "PAID", "fr"));
            Is(Outcome.Unknown, Codes.Outcome(Table.OrderStatus, "NO_SUCH_CODE"));
            Is(Advice.None, Codes.Advice(Table.OrderStatus, "NO_SUCH_CODE"));
        }

        public static void ReadReplyAndSign()
        {
            const string body = "{\"terminal_sn\":\"10298371039\",\"client_sn\":\"2023\",\"subject\":\"披萨\"}";
            Is("0dd2da3dd75614ae8f608a2868eaa432",
                Upay.Gateway.Sign(Encoding.UTF8.GetBytes(body), "68d499beda5f72116592f5c527465656"));
            const string paid = "{\"result_code\":\"200\",\"biz_response\":{\"result_code\":\"PAY_SUCCESS\",\"data\":"
                + "{\"client_sn\":\"1\",\"total_amount\":\"1250\",\"order_status\":\"PAID\",\"subject\":\"披萨\"}}}";
            UpayEvent read = Upay.Gateway.ReadReply(Dialect.Upay, 200, Encoding.UTF8.GetBytes(paid));
            Is(UpayAction.Read, read.Action);
            Verdict(read, Outcome.Success, Status.Ok);
            Is(Advice.Deliver, read.Advice);
            Is("披萨", read["subject"]);
            const string charge = "{\"code\":0,\"message\":\"\",\"data\":{\"id\":\"c1\"}}";
            read = Upay.Gateway.ReadReply(Dialect.Charge, 200, Encoding.UTF8.GetBytes(charge));
            Is(Outcome.Success, read.Outcome, read.Json);
            Is("c1", read["id"]);
            Throws(Status.Reply, () => Upay.Gateway.ReadReply(Dialect.Upay, 200, Encoding.UTF8.GetBytes("<html>")));
            Throws(Status.Gateway, () => Upay.Gateway.ReadReply(Dialect.Upay, 502, new byte[0]));
        }
    }
}
