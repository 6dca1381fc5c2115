using System;
using System.IO;

namespace Upay
{
    /// <summary>Tells from a library file's first bytes which machine it is for, because the systems' error texts do
    /// not say it.</summary>
    internal static class Image
    {
        /// <summary>Why the file does not load into this process; null when its width is not the reason.</summary>
        public static string Mismatch(string path)
        {
            int bits = Bits(path), ours = IntPtr.Size * 8;
            if (bits == 0 || bits == ours)
                return null;
            return "this process is " + ours + "-bit, and the file is a " + bits + "-bit library; ship the " + ours
                + "-bit one, or build the program for " + (bits == 32 ? "x86" : "x64");
        }

        /// <summary>32 or 64; 0 when it is no library, or cannot be read.</summary>
        static int Bits(string path)
        {
            try
            {
                using (BinaryReader file = new BinaryReader(File.OpenRead(path)))
                {
                    switch (file.ReadUInt32())
                    {
                        case 0x464c457f: // ELF
                            return file.ReadByte() == 1 ? 32 : 64;
                        case 0xfeedface: // Mach-O
                            return 32;
                        case 0xfeedfacf:
                            return 64;
                    }
                    file.BaseStream.Position = 0;
                    if (file.ReadUInt16() != 0x5a4d) // MZ
                        return 0;
                    file.BaseStream.Position = 0x3c;
                    file.BaseStream.Position = file.ReadUInt32();
                    if (file.ReadUInt32() != 0x4550) // PE
                        return 0;
                    ushort machine = file.ReadUInt16();
                    return machine == 0x14c || machine == 0x1c4 ? 32 : 64; // x86, ARM
                }
            }
            catch (IOException) // also for a file that is too short
            {
                return 0;
            }
            catch (UnauthorizedAccessException)
            {
                return 0;
            }
        }
    }
}
