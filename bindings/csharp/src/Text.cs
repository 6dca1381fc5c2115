using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Upay
{
    /// <summary>Text in and out: UTF-8 with a NUL. Converted here, because .NET 4.0 cannot marshal it.</summary>
    internal static class Text
    {
        // Half of a surrogate pair is refused, so that the text arrives unchanged or not at all.
        static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        /// <summary>Text for the library; null stays null.</summary>
        public static byte[] In(string text)
        {
            if (text == null)
                return null;
            if (text.IndexOf('\0') >= 0)
                throw new ArgumentException("a text must not hold a NUL");
            byte[] bytes = new byte[Strict.GetByteCount(text) + 1];
            Strict.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        /// <summary>Text of a known length.</summary>
        public static string Of(byte[] bytes)
        {
            return Encoding.UTF8.GetString(bytes);
        }

        /// <summary>Text from the library; null stays null.</summary>
        public static string Out(IntPtr text)
        {
            if (text == IntPtr.Zero)
                return null;
            int length = 0;
            while (Marshal.ReadByte(text, length) != 0)
                length++;
            byte[] bytes = new byte[length];
            Marshal.Copy(text, bytes, 0, length);
            return Encoding.UTF8.GetString(bytes);
        }
    }
}
