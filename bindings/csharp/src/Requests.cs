namespace Upay
{
    /// <summary>The fields of every sale. Other fields are set by the gateway's name: request["reflect"] = "…".</summary>
    public abstract class OrderRequest : UpayFields
    {
        /// <summary>Your number for the order, unique for your merchant for ever; null makes one.</summary>
        public string ClientSn { get; set; }

        /// <summary>In fen: 1250 is 12.50 yuan.</summary>
        public long? TotalAmount
        {
            get { return Number("total_amount"); }
            set { Number("total_amount", value); }
        }

        /// <summary>What is sold, in 1 to 64 characters.</summary>
        public string Subject
        {
            get { return this["subject"]; }
            set { this["subject"] = value; }
        }

        /// <summary>Who takes the payment; without it the client's operator.</summary>
        public string Operator
        {
            get { return this["operator"]; }
            set { this["operator"] = value; }
        }

        /// <summary>A description, in 1 to 256 characters.</summary>
        public string Description
        {
            get { return this["description"]; }
            set { this["description"] = value; }
        }

        /// <summary>1 to 64 characters that the gateway returns unchanged.</summary>
        public string Reflect
        {
            get { return this["reflect"]; }
            set { this["reflect"] = value; }
        }

        /// <summary>The address to which the gateway posts the order's result.</summary>
        public string NotifyUrl
        {
            get { return this["notify_url"]; }
            set { this["notify_url"] = value; }
        }
    }

    /// <summary>A payment with the code that the customer shows.</summary>
    public sealed class PayRequest : OrderRequest
    {
        /// <summary>The code, as it was scanned.</summary>
        public string DynamicId
        {
            get { return this["dynamic_id"]; }
            set { this["dynamic_id"] = value; }
        }
    }

    /// <summary>A payment with a code that the customer scans.</summary>
    public sealed class PrecreateRequest : OrderRequest
    {
        /// <summary>Which wallet, such as "3" for WeChat; required.</summary>
        public string Payway
        {
            get { return this["payway"]; }
            set { this["payway"] = value; }
        }

        /// <summary>How the wallet is used.</summary>
        public string SubPayway
        {
            get { return this["sub_payway"]; }
            set { this["sub_payway"] = value; }
        }

        /// <summary>The payer's number in the wallet.</summary>
        public string PayerUid
        {
            get { return this["payer_uid"]; }
            set { this["payer_uid"] = value; }
        }
    }

    /// <summary>A refund. Each refund has its own number.</summary>
    public sealed class RefundRequest : UpayFields
    {
        /// <summary>Your number of the order.</summary>
        public string ClientSn { get; set; }

        /// <summary>The gateway's number of the order, for an order that was made elsewhere.</summary>
        public string Sn
        {
            get { return this["sn"]; }
            set { this["sn"] = value; }
        }

        /// <summary>This refund's number, in 1 to 20 bytes; the same number moves the money once.</summary>
        public string RefundRequestNo
        {
            get { return this["refund_request_no"]; }
            set { this["refund_request_no"] = value; }
        }

        /// <summary>In fen.</summary>
        public long? RefundAmount
        {
            get { return Number("refund_amount"); }
            set { Number("refund_amount", value); }
        }

        /// <summary>Who makes the refund; without it the client's operator.</summary>
        public string Operator
        {
            get { return this["operator"]; }
            set { this["operator"] = value; }
        }
    }
}
