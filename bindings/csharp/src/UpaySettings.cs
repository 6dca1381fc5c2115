namespace Upay
{
    /// <summary>
    /// A client's settings. The common ones are properties; all can be set by the header's key, such as
    /// settings["poll"] = "2000*15,5000". A setting that is not set has the library's default.
    /// </summary>
    public sealed class UpaySettings : UpayFields
    {
        /// <summary>The gateway; http:// is accepted for loopback addresses only.</summary>
        public string ApiDomain
        {
            get { return this["api_domain"]; }
            set { this["api_domain"] = value; }
        }

        /// <summary>The terminal's number.</summary>
        public string TerminalSn
        {
            get { return this["terminal_sn"]; }
            set { this["terminal_sn"] = value; }
        }

        /// <summary>The terminal's key; it cannot be read from a client.</summary>
        public string TerminalKey
        {
            get { return this["terminal_key"]; }
            set { this["terminal_key"] = value; }
        }

        /// <summary>The vendor's number, for activation.</summary>
        public string VendorSn
        {
            get { return this["vendor_sn"]; }
            set { this["vendor_sn"] = value; }
        }

        /// <summary>The vendor's key, for activation; it cannot be read from a client.</summary>
        public string VendorKey
        {
            get { return this["vendor_key"]; }
            set { this["vendor_key"] = value; }
        }

        /// <summary>The application's number, for activation.</summary>
        public string AppId
        {
            get { return this["app_id"]; }
            set { this["app_id"] = value; }
        }

        /// <summary>A name of this machine that never changes.</summary>
        public string DeviceId
        {
            get { return this["device_id"]; }
            set { this["device_id"] = value; }
        }

        /// <summary>Directory of the journal, private to the till's user. Without it nothing survives the
        /// process.</summary>
        public string StateDir
        {
            get { return this["state_dir"]; }
            set { this["state_dir"] = value; }
        }

        /// <summary>Who takes the payment; an order can have its own.</summary>
        public string Operator
        {
            get { return this["operator"]; }
            set { this["operator"] = value; }
        }

        /// <summary>Language of the sentences for the cashier: "zh", "en".</summary>
        public string Language
        {
            get { return this["language"]; }
            set { this["language"] = value; }
        }

        /// <summary>http://host:port or http://user:password@host:port.</summary>
        public string Proxy
        {
            get { return this["proxy"]; }
            set { this["proxy"] = value; }
        }

        /// <summary>PEM file of certificates that are trusted in addition to the built-in ones.</summary>
        public string CaFile
        {
            get { return this["ca_file"]; }
            set { this["ca_file"] = value; }
        }

        /// <summary>Name lookup, connection and TLS together.</summary>
        public int? ConnectTimeoutMs
        {
            get { return (int?)Number("connect_timeout_ms"); }
            set { Number("connect_timeout_ms", value); }
        }

        /// <summary>How long to wait for a reply other than a payment's.</summary>
        public int? ReplyTimeoutMs
        {
            get { return (int?)Number("reply_timeout_ms"); }
            set { Number("reply_timeout_ms", value); }
        }

        /// <summary>How long to wait for a payment's reply.</summary>
        public int? PayReplyTimeoutMs
        {
            get { return (int?)Number("pay_reply_timeout_ms"); }
            set { Number("pay_reply_timeout_ms", value); }
        }

        /// <summary>From the end of the pay request until an unpaid order is cancelled.</summary>
        public int? PayTimeoutMs
        {
            get { return (int?)Number("pay_timeout_ms"); }
            set { Number("pay_timeout_ms", value); }
        }

        /// <summary>The same after a precreate request.</summary>
        public int? PrecreateTimeoutMs
        {
            get { return (int?)Number("precreate_timeout_ms"); }
            set { Number("precreate_timeout_ms", value); }
        }

        /// <summary>How long a cancel is repeated before the outcome is "unknown".</summary>
        public int? CancelTimeoutMs
        {
            get { return (int?)Number("cancel_timeout_ms"); }
            set { Number("cancel_timeout_ms", value); }
        }

        /// <summary>Requests in flight at a time.</summary>
        public int? InFlightMax
        {
            get { return (int?)Number("in_flight_max"); }
            set { Number("in_flight_max", value); }
        }
    }
}
