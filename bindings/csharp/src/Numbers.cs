// The numbers of the header, once. The tests compare them with it.

namespace Upay
{
    /// <summary>The result of a call or an action. The hundred says what is known: 1-99 the caller's mistake, 100-199 not
    /// sent, 200-299 in doubt, 300-399 refused by the gateway, 900-999 a defect of the library.</summary>
    public enum Status
    {
        /// <summary>Done.</summary>
        Ok = 0,
        /// <summary>An argument is NULL, or text that is not in the client's encoding.</summary>
        Argument = 1,
        /// <summary>The handle was freed, is of another type, or was never made by this library.</summary>
        Handle = 2,
        /// <summary>No such key.</summary>
        Key = 3,
        /// <summary>The value breaks its field's rule; the exception names the field and the rule.</summary>
        Value = 4,
        /// <summary>Not now: the object is in another state (a setting after start,
        /// a second action on an order that has one under way).</summary>
        State = 5,
        /// <summary>The wait ended; the work goes on.</summary>
        Timeout = 6,
        /// <summary>Not from inside a callback.</summary>
        Reentrant = 7,
        /// <summary>A setting or a field that this call needs was not set.</summary>
        Missing = 8,
        /// <summary>This client_sn was sent before; it is never sent twice.</summary>
        Duplicate = 9,
        /// <summary>Not known here.</summary>
        NotFound = 10,
        /// <summary>Another client or process has this terminal's state.</summary>
        Locked = 11,
        /// <summary>The journal cannot be read or written; nothing was sent.</summary>
        Storage = 12,
        /// <summary>This process is a fork of the one that the library was used in; nothing works here.</summary>
        Forked = 13,
        /// <summary>The client is stopped.</summary>
        Closed = 14,
        /// <summary>Too many at once; the exception names the limit.</summary>
        Limit = 15,
        /// <summary>The buffer is too small; length says what is needed.</summary>
        Buffer = 16,
        /// <summary>Not sent: the gateway's host name has no address.</summary>
        Resolve = 100,
        /// <summary>Not sent: no connection to the gateway.</summary>
        Connect = 101,
        /// <summary>Not sent: TLS could not be agreed on, or the certificate is not trusted.</summary>
        Tls = 102,
        /// <summary>Not sent: the proxy refused or failed.</summary>
        Proxy = 103,
        /// <summary>In doubt: the connection broke after the request may have left.</summary>
        Interrupted = 200,
        /// <summary>In doubt: no reply in time.</summary>
        NoReply = 201,
        /// <summary>In doubt: the reply is unreadable, or is for another order.</summary>
        Reply = 202,
        /// <summary>In doubt: the gateway reports a failure of its own (500).</summary>
        Gateway = 203,
        /// <summary>In doubt: the time is up and the result is not known.</summary>
        Unresolved = 204,
        /// <summary>Refused: the gateway cannot accept the request (400).</summary>
        Request = 300,
        /// <summary>Refused: the signature is wrong; check terminal_sn and terminal_key, or public_key_pem.</summary>
        Sign = 301,
        /// <summary>Refused: the gateway does not know or does not accept this terminal.</summary>
        Terminal = 302,
        /// <summary>Refused for a business reason; the event's biz_error_code says which.</summary>
        Refused = 303,
        /// <summary>Not paid in time, and cancelled.</summary>
        Expired = 304,
        /// <summary>Cancelled.</summary>
        Cancelled = 305,
        /// <summary>The gateway knows no such order.</summary>
        NoOrder = 306,
        /// <summary>A defect of this library was caught; what it hit is still in the journal.</summary>
        Panic = 900,
    }

    /// <summary>How an action stands, or how it ended.</summary>
    public enum Outcome
    {
        /// <summary>Under way.</summary>
        Pending = 0,
        /// <summary>A payment: paid. Any other action: done.</summary>
        Success = 1,
        /// <summary>A payment: not charged, or given back in full. Any other action: not done.</summary>
        Failed = 2,
        /// <summary>The result is not known: hand over no goods.</summary>
        Unknown = 3,
    }

    /// <summary>Which action an event is about.</summary>
    public enum UpayAction
    {
        /// <summary>UpayClient.Activate.</summary>
        Activate = 1,
        /// <summary>UpayClient.Checkin, and the check-in that the library does by itself.</summary>
        Checkin = 2,
        /// <summary>A payment by the code that the customer shows.</summary>
        Pay = 3,
        /// <summary>A payment by a code that the customer scans.</summary>
        Precreate = 4,
        /// <summary>A query of an order or a refund.</summary>
        Query = 5,
        /// <summary>A refund.</summary>
        Refund = 6,
        /// <summary>A cancel.</summary>
        Cancel = 7,
        /// <summary>UpayClient.Call.</summary>
        Call = 8,
        /// <summary>Read for the host, and nothing was sent: Gateway.ReadReply, Gateway.VerifyNotify.</summary>
        Read = 9,
        /// <summary>An order that no call waits for: left over from an earlier run, or
        /// watched until the gateway's answer is final.</summary>
        Watch = 10,
    }

    /// <summary>What the cashier does next.</summary>
    public enum Advice
    {
        /// <summary>Nothing to do.</summary>
        None = 0,
        /// <summary>Hand over the goods.</summary>
        Deliver = 1,
        /// <summary>Try again with a new order.</summary>
        Retry = 2,
        /// <summary>Wait; more events follow.</summary>
        Wait = 3,
        /// <summary>Hand over no goods and call the gateway's support.</summary>
        CallSupport = 4,
        /// <summary>The till's maker must look at the request or the settings.</summary>
        FixRequest = 5,
        /// <summary>Check this machine's network, then try again.</summary>
        CheckNetwork = 6,
        /// <summary>Try again under the same number.</summary>
        RetrySame = 7,
        /// <summary>A person has to act, outside of this library.</summary>
        ByHand = 8,
        /// <summary>Ask the customer for a fresh code or other means.</summary>
        AskCustomer = 9,
    }

    /// <summary>The tables of the gateway's codes, for <see cref="Codes"/>.</summary>
    public enum Table
    {
        /// <summary>biz_response.result_code: what became of the action (000, 002, 003 4.2).</summary>
        ResultCode = 1,
        /// <summary>order_status: how the order stands (000, 002, 003 4.3).</summary>
        OrderStatus = 2,
        /// <summary>status: the order's newest step (000, 002, 003 4.4). For people; decide on order_status.</summary>
        TransactionStatus = 3,
        /// <summary>error_code: why the gateway did not carry the request out (002, 003 4.1).</summary>
        RequestError = 4,
        /// <summary>biz_response.error_code: why the action failed (000, 002, 003 4.5).</summary>
        BusinessError = 5,
        /// <summary>payway: whose wallet (002, 003 4.6). Names alone.</summary>
        Payway = 6,
        /// <summary>sub_payway: how the wallet was used (002, 003 4.7). Names alone.</summary>
        SubPayway = 7,
        /// <summary>The charge gateway's codes (004).</summary>
        ChargeError = 8,
        /// <summary>The charge gateway's HTTP statuses (004).</summary>
        ChargeHttp = 9,
    }

    /// <summary>Which gateway's replies are read.</summary>
    public enum Dialect
    {
        /// <summary>The UPay gateway's replies: result_code, biz_response, data (003 2.3).</summary>
        Upay = 1,
        /// <summary>The charge gateway's replies: code, message, data (004).</summary>
        Charge = 2,
    }

    /// <summary>How much is logged.</summary>
    public enum LogLevel
    {
        /// <summary>Log nothing.</summary>
        Off = 0,
        /// <summary>Log what went wrong and needs a person.</summary>
        Error = 1,
        /// <summary>Log also what is unusual or was corrected.</summary>
        Warn = 2,
        /// <summary>Log also each action's start and end.</summary>
        Info = 3,
        /// <summary>Log also each exchange with the gateway.</summary>
        Debug = 4,
    }

    /// <summary>The format of a QR picture.</summary>
    public enum QrFormat
    {
        /// <summary>A picture as SVG 1.1: text.</summary>
        Svg = 1,
        /// <summary>A picture as a Windows bitmap of 1 bit a pixel.</summary>
        Bmp = 2,
    }
}
