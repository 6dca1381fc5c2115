using System;
using System.Text;

namespace Upay
{
    /// <summary>The gateway's signature, replies and notifications, for hosts that send their own requests.</summary>
    public static class Gateway
    {
        /// <summary>The signature of a request body: MD5 over the bytes followed by the key, in lower-case
        /// hex.</summary>
        /// <param name="body">The bytes exactly as they are sent.</param>
        /// <param name="key">The terminal's or the vendor's key.</param>
        public static string Sign(byte[] body, string key)
        {
            byte[] digits = new byte[33];
            Native.Check(f => f.sign(body, Length(body), Text.In(key), digits));
            return Encoding.ASCII.GetString(digits, 0, 32);
        }

        /// <summary>
        /// Judges a reply. Success means "paid" only with <see cref="Advice.Deliver"/>; compare client_sn, terminal_sn
        /// and total_amount with the order's before you hand over goods. Throws <see cref="Status.Reply"/> or
        /// <see cref="Status.Gateway"/> for an unreadable reply: the result is in doubt, so query.
        /// </summary>
        public static UpayEvent ReadReply(Dialect dialect, int httpStatus, byte[] body)
        {
            EventHandle read = null;
            Native.Check(f => f.read_reply(dialect, httpStatus, body, Length(body), out read));
            return new UpayEvent(read);
        }

        /// <summary>
        /// Checks the signature of what was posted to an order's notify_url, and reads it. Throws
        /// <see cref="Status.Sign"/> for what is not from the gateway. A notification may come twice, late, or be replayed.
        /// </summary>
        /// <param name="body">The request's body, byte for byte.</param>
        /// <param name="authorization">The value of its Authorization header; "" when there is none.</param>
        /// <param name="publicKeyPem">The gateway's RSA public key as PEM text.</param>
        public static UpayEvent VerifyNotify(byte[] body, string authorization, string publicKeyPem)
        {
            EventHandle read = null;
            byte[] signature = Text.In(authorization), key = Text.In(publicKeyPem);
            Native.Check(f => f.verify_notify(body, Length(body), signature, key, out read));
            return new UpayEvent(read);
        }

        static UIntPtr Length(byte[] body)
        {
            if (body == null)
                throw new ArgumentNullException("body");
            return (UIntPtr)body.Length;
        }
    }
}
