using System;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Upay
{
    /// <summary>The loaded library. It is loaded at the first call, and never unloaded.</summary>
    internal static class Native
    {
        static readonly object Gate = new object();
        static volatile Functions loaded;

        /// <summary>Where the library was found.</summary>
        public static string Path { get; private set; }

        public static Functions Functions
        {
            get
            {
                if (loaded != null)
                    return loaded;
                // Not a static constructor, which would wrap a load error into a TypeInitializationException for ever.
                lock (Gate)
                    return loaded ?? (loaded = Load());
            }
        }

        static Functions Load()
        {
            Loader library = Loader.Find();
            Functions functions = new Functions(library);
            uint version = functions.abi_version();
            if (version != Functions.AbiVersion)
                throw new DllNotFoundException(library.Path + " has version " + version
                    + " of the C interface; this assembly is made for version " + Functions.AbiVersion);
            Path = library.Path;
            return functions;
        }

        /// <summary>Makes a call, and throws when it failed.</summary>
        public static void Check(Func<Functions, Status> call)
        {
            Status status = Try(call);
            if (status != Status.Ok)
                throw new UpayException(status);
        }

        /// <summary>Makes a call, and returns its status.</summary>
        public static Status Try(Func<Functions, Status> call)
        {
            Functions functions = Functions;
            try
            {
                return call(functions);
            }
            catch (ObjectDisposedException)
            {
                throw new UpayException(Status.Handle, "it was disposed of");
            }
        }

        /// <summary>Has the library fill a buffer; asks for its length first.</summary>
        public static byte[] Fill(Fill call)
        {
            byte[] buffer = null;
            for (;;)
            {
                UIntPtr capacity = (UIntPtr)(buffer == null ? 0 : buffer.Length), length = UIntPtr.Zero;
                Status status = Try(f => call(f, buffer, capacity, out length));
                if (status == Status.Ok)
                {
                    Array.Resize(ref buffer, (int)length);
                    return buffer;
                }
                if (status != Status.Buffer)
                    throw new UpayException(status);
                buffer = new byte[(int)length];
            }
        }

        /// <summary>A timeout for the library. Timeout.Infinite is the longest that it accepts.</summary>
        public static uint Milliseconds(int timeoutMs)
        {
            if (timeoutMs < -1)
                throw new ArgumentOutOfRangeException("timeoutMs", "0 or more, or Timeout.Infinite");
            return timeoutMs < 0 ? uint.MaxValue : (uint)timeoutMs;
        }
    }

    internal delegate Status Fill(Functions functions, byte[] buffer, UIntPtr capacity, out UIntPtr length);

    /// <summary>
    /// The C functions, each under its name without the prefix. They are looked up by name and not by DllImport, because
    /// only then can the library's file be chosen on every runtime.
    /// </summary>
    internal sealed class Functions
    {
        public const uint AbiVersion = 1;

        const CallingConvention C = CallingConvention.Cdecl;

        [UnmanagedFunctionPointer(C)] public delegate void EventFn(IntPtr lent, IntPtr userData);
        [UnmanagedFunctionPointer(C)] public delegate void DropFn(IntPtr userData);
        [UnmanagedFunctionPointer(C)] public delegate void LogFn(LogLevel level, IntPtr line, IntPtr userData);

        [UnmanagedFunctionPointer(C)] public delegate uint Number();
        [UnmanagedFunctionPointer(C)] public delegate IntPtr Words();
        [UnmanagedFunctionPointer(C)] public delegate Status SetLog(LogLevel level, LogFn fn, IntPtr userData);
        [UnmanagedFunctionPointer(C)] public delegate void Free(IntPtr handle);

        [UnmanagedFunctionPointer(C)] public delegate Status ClientNew(out ClientHandle client);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientSet(ClientHandle client, byte[] key, byte[] value);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientGet(ClientHandle client, byte[] key,
            [Out] byte[] buffer, UIntPtr capacity, out UIntPtr length);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientActivate(ClientHandle client, byte[] code,
            uint timeoutMs);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientWatch(ClientHandle client, EventFn fn,
            IntPtr userData, DropFn drop);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientDo(ClientHandle client);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientTimed(ClientHandle client, uint timeoutMs);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientCall(ClientHandle client, byte[] path, byte[] json,
            uint timeoutMs, out EventHandle reply);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientCount(ClientHandle client, out uint count);
        [UnmanagedFunctionPointer(C)] public delegate Status ClientEvent(ClientHandle client, uint timeoutMs,
            out EventHandle taken);

        [UnmanagedFunctionPointer(C)] public delegate Status OrderNew(ClientHandle client, byte[] clientSn,
            out OrderHandle order);
        [UnmanagedFunctionPointer(C)] public delegate Status OrderSet(OrderHandle order, byte[] key, byte[] value);
        [UnmanagedFunctionPointer(C)] public delegate Status OrderGet(OrderHandle order, byte[] key,
            [Out] byte[] buffer, UIntPtr capacity, out UIntPtr length);
        [UnmanagedFunctionPointer(C)] public delegate Status OrderAct(OrderHandle order, EventFn fn, IntPtr userData,
            DropFn drop);
        [UnmanagedFunctionPointer(C)] public delegate Status OrderWait(OrderHandle order, uint timeoutMs,
            out EventHandle last);

        [UnmanagedFunctionPointer(C)] public delegate int EventNumber(EventHandle handle);
        [UnmanagedFunctionPointer(C)] public delegate IntPtr EventWords(EventHandle handle);
        [UnmanagedFunctionPointer(C)] public delegate IntPtr EventGet(EventHandle handle, byte[] key);
        [UnmanagedFunctionPointer(C)] public delegate Status EventCopy(IntPtr lent, out EventHandle kept);

        [UnmanagedFunctionPointer(C)] public delegate IntPtr CodeAt(Table table, UIntPtr index);
        [UnmanagedFunctionPointer(C)] public delegate IntPtr CodeText(Table table, byte[] code, byte[] language);
        [UnmanagedFunctionPointer(C)] public delegate int CodeNumber(Table table, byte[] code);
        [UnmanagedFunctionPointer(C)] public delegate Status Sign(byte[] body, UIntPtr length, byte[] key,
            [Out] byte[] out33);
        [UnmanagedFunctionPointer(C)] public delegate Status ReadReply(Dialect dialect, int httpStatus, byte[] body,
            UIntPtr length, out EventHandle read);
        [UnmanagedFunctionPointer(C)] public delegate Status VerifyNotify(byte[] body, UIntPtr length,
            byte[] authorization, byte[] publicKeyPem, out EventHandle read);
        [UnmanagedFunctionPointer(C)] public delegate Status Qr(byte[] text, QrFormat format, uint modulePx,
            uint quietModules, [Out] byte[] buffer, UIntPtr capacity, out UIntPtr length);

#pragma warning disable 649 // Bound below, by name.
        public readonly Number abi_version;
        public readonly Words version;
        public readonly Words last_error;
        public readonly SetLog set_log;

        public readonly ClientNew client_new;
        public readonly ClientSet client_set;
        public readonly ClientGet client_get;
        public readonly ClientActivate client_activate;
        public readonly ClientWatch client_watch;
        public readonly ClientDo client_start;
        public readonly ClientTimed client_checkin;
        public readonly ClientCall client_call;
        public readonly ClientCount client_unfinished;
        public readonly ClientEvent client_next_event;
        public readonly ClientTimed client_stop;
        public readonly Free client_free;

        public readonly OrderNew order_new;
        public readonly OrderNew order_find;
        public readonly OrderSet order_set;
        public readonly OrderGet order_get;
        public readonly OrderAct order_pay;
        public readonly OrderAct order_precreate;
        public readonly OrderAct order_query;
        public readonly OrderAct order_refund;
        public readonly OrderAct order_cancel;
        public readonly OrderWait order_wait;
        public readonly Free order_free;

        public readonly EventNumber event_action;
        public readonly EventNumber event_outcome;
        public readonly EventNumber event_status;
        public readonly EventNumber event_advice;
        public readonly EventWords event_message;
        public readonly EventGet event_get;
        public readonly EventWords event_json;
        public readonly EventCopy event_copy;
        public readonly Free event_free;

        public readonly CodeAt code_at;
        public readonly CodeText code_text;
        public readonly CodeNumber code_outcome;
        public readonly CodeNumber code_advice;
        public readonly Sign sign;
        public readonly ReadReply read_reply;
        public readonly VerifyNotify verify_notify;
        public readonly Qr qr;
#pragma warning restore 649

        public Functions(Loader library)
        {
            foreach (FieldInfo field in typeof(Functions).GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                IntPtr function = library.Symbol("upay_" + field.Name);
                field.SetValue(this, Marshal.GetDelegateForFunctionPointer(function, field.FieldType));
            }
        }
    }
}
