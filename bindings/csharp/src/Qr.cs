using System;
using System.Text;

namespace Upay
{
    /// <summary>Pictures of a text as a QR code, such as of the qr_code that a customer is to scan.</summary>
    public static class Qr
    {
        /// <summary>A whole .bmp file of 1 bit a pixel, for windows and receipt printers.</summary>
        /// <param name="text">1 to 2331 bytes of UTF-8.</param>
        /// <param name="modulePx">The side of one small square in pixels, 1 to 32.</param>
        /// <param name="quietModules">The white border in small squares, 0 to 16; the standard asks for 4.</param>
        public static byte[] Bmp(string text, int modulePx = 4, int quietModules = 4)
        {
            return Draw(text, QrFormat.Bmp, modulePx, quietModules);
        }

        /// <summary>SVG 1.1, for pages and drivers that scale.</summary>
        /// <param name="text">1 to 2331 bytes of UTF-8.</param>
        /// <param name="modulePx">The side of one small square in pixels, 1 to 32.</param>
        /// <param name="quietModules">The white border in small squares, 0 to 16; the standard asks for 4.</param>
        public static string Svg(string text, int modulePx = 4, int quietModules = 4)
        {
            return Encoding.UTF8.GetString(Draw(text, QrFormat.Svg, modulePx, quietModules));
        }

        static byte[] Draw(string text, QrFormat format, int modulePx, int quietModules)
        {
            // A negative number becomes a large one, which the library refuses with an error text.
            return Native.Fill((Functions f, byte[] buffer, UIntPtr capacity, out UIntPtr length) => f.qr(Text.In(text),
                format, unchecked((uint)modulePx), unchecked((uint)quietModules), buffer, capacity, out length));
        }
    }
}
