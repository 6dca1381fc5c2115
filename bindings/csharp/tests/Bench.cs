using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace Upay.Tests
{
    /// <summary>What the tests share: a simulator, directories, and waits with a limit.</summary>
    static class Bench
    {
        /// <summary>Longer than anything here takes on the slowest machine.</summary>
        public const int PatienceMs = 90000;

        public const string TerminalSn = "100000000000001";
        public const string TerminalKey = "simulator-terminal-key";

        public const string PaidAtOnce = "130818341921441147";
        public const string PaidAfter1S = "139901001000000000";
        public const string NeverPaid = "139903000000000000";
        public const string Expired = "139912000000000000";
        public const string NobodyKnows = "139920999900000000";

        public static readonly string Gateway = Needed("UPAY_TEST_GATEWAY");
        static readonly string Directory = Needed("UPAY_TEST_DIR");
        static int directories;

        static string Needed(string name)
        {
            string value = Environment.GetEnvironmentVariable(name);
            if (string.IsNullOrEmpty(value))
                throw new InvalidOperationException(name + " is not set");
            return value;
        }

        public static string NewDirectory()
        {
            string path = Path.Combine(Directory, "state" + Interlocked.Increment(ref directories));
            System.IO.Directory.CreateDirectory(path);
            return path;
        }

        /// <summary>Short pauses and limits, in the proportions of the real ones.</summary>
        public static UpaySettings Settings(string stateDir = null)
        {
            UpaySettings settings = new UpaySettings
            {
                ApiDomain = Gateway,
                TerminalSn = TerminalSn,
                TerminalKey = TerminalKey,
                StateDir = stateDir ?? NewDirectory(),
                Language = "en",
                ConnectTimeoutMs = 3000,
                ReplyTimeoutMs = 3000,
                PayReplyTimeoutMs = 5000,
                PayTimeoutMs = 6000,
                CancelTimeoutMs = 8000,
                InFlightMax = 64,
            };
            settings["poll"] = "100";
            settings["watch"] = "200";
            settings["not_found_grace_ms"] = "300";
            return settings;
        }

        public static UpayClient Start(UpaySettings settings = null)
        {
            UpayClient client = new UpayClient(settings ?? Settings());
            client.Start();
            return client;
        }

        public static PayRequest Sale(string barcode, long fen = 1250)
        {
            return new PayRequest { TotalAmount = fen, DynamicId = barcode, Subject = "Pizza" };
        }

        public static void Is<T>(T expected, T found, string what = "")
        {
            if (!Equals(expected, found))
                throw new Exception(what + ": " + found + " is not " + expected);
        }

        public static void True(bool condition, string what)
        {
            if (!condition)
                throw new Exception("not so: " + what);
        }

        /// <summary>The exception that a call must throw.</summary>
        public static E Throws<E>(Action call) where E : Exception
        {
            try
            {
                call();
            }
            catch (E exception)
            {
                return exception;
            }
            throw new Exception("no " + typeof(E).Name);
        }

        public static UpayException Throws(Status status, Action call)
        {
            UpayException exception = Throws<UpayException>(call);
            Is(status, exception.Status, exception.Message);
            return exception;
        }

        public static void Verdict(UpayEvent end, Outcome outcome, Status status)
        {
            Is(outcome, end.Outcome, end.Json);
            Is(status, end.Status, end.Json);
        }

        public static UpayEvent End(Task<UpayEvent> task)
        {
            True(((IAsyncResult)task).AsyncWaitHandle.WaitOne(PatienceMs), "the action ends");
            if (task.IsFaulted)
                throw task.Exception.InnerException;
            return task.Result;
        }

        /// <summary>Repeats a check until it is true, for what cannot be waited on; collects garbage in between.</summary>
        public static void Until(string what, Func<bool> condition)
        {
            DateTime limit = DateTime.UtcNow.AddMilliseconds(PatienceMs);
            while (!condition())
            {
                True(DateTime.UtcNow < limit, what);
                GC.Collect();
                GC.WaitForPendingFinalizers();
                // A thread that looks without a pause takes a processor from what it waits for.
                Thread.Sleep(1);
            }
        }

        public static string Get(string path)
        {
            using (WebClient http = new WebClient { Encoding = Encoding.UTF8, Proxy = null })
                return http.DownloadString(Gateway + path);
        }

        public static void CustomerScans(string qrCode)
        {
            using (WebClient http = new WebClient { Encoding = Encoding.UTF8, Proxy = null })
                http.UploadString(Gateway + "/wallet/pay", "{\"qr_code\":\"" + qrCode + "\"}");
        }

        /// <summary>An order in the simulator's ledger: one line of JSON; empty when it never arrived.</summary>
        public static string Ledger(string clientSn)
        {
            string mark = "\"client_sn\":\"" + clientSn + "\"";
            string line = Get("/ledger").Split('\n').FirstOrDefault(order => order.Replace(" ", "").Contains(mark));
            return (line ?? "").Replace(" ", "");
        }

        public static long Charged(string clientSn)
        {
            string order = Ledger(clientSn);
            return order == "" ? 0 : long.Parse(Regex.Match(order, "\"charged\":(\\d+)").Groups[1].Value);
        }
    }

    /// <summary>Gets events on the library's thread, and can be waited on.</summary>
    sealed class Subscriber : IProgress<UpayEvent>
    {
        readonly List<UpayEvent> heard = new List<UpayEvent>();
        readonly Action<UpayEvent> then;

        public Subscriber(Action<UpayEvent> then = null)
        {
            this.then = then;
        }

        public void Report(UpayEvent value)
        {
            lock (heard)
            {
                heard.Add(value);
                Monitor.PulseAll(heard);
            }
            if (then != null)
                then(value);
        }

        public List<UpayEvent> Heard
        {
            get
            {
                lock (heard)
                    return new List<UpayEvent>(heard);
            }
        }

        /// <summary>Waits for the first event that fits.</summary>
        public UpayEvent Await(string what, Func<UpayEvent, bool> wanted)
        {
            DateTime limit = DateTime.UtcNow.AddMilliseconds(Bench.PatienceMs);
            lock (heard)
            {
                for (;;)
                {
                    UpayEvent found = heard.FirstOrDefault(wanted);
                    if (found != null)
                        return found;
                    int left = (int)(limit - DateTime.UtcNow).TotalMilliseconds;
                    Bench.True(left > 0 && Monitor.Wait(heard, left), what);
                }
            }
        }
    }
}
