using System;
using System.Collections.Generic;

namespace Upay
{
    /// <summary>The tables of the gateway's codes. No client is needed.</summary>
    public static class Codes
    {
        /// <summary>The codes of a table; two spellings of one code are both there.</summary>
        public static IEnumerable<string> Of(Table table)
        {
            for (uint index = 0;; index++)
            {
                string code = Upay.Text.Out(Native.Functions.code_at(table, (UIntPtr)index));
                if (code == null)
                    yield break;
                yield return code;
            }
        }

        /// <summary>
        /// What a code means, in one line; null for an unknown code. Show an unknown code as it is, and treat it as
        /// unknown.
        /// </summary>
        /// <param name="table">The table of the code.</param>
        /// <param name="code">As the gateway wrote it.</param>
        /// <param name="language">"zh" or "en".</param>
        public static string Text(Table table, string code, string language = "zh")
        {
            return Upay.Text.Out(Native.Functions.code_text(table, Upay.Text.In(code), Upay.Text.In(language)));
        }

        /// <summary>The outcome that a code means for its action; Unknown for an unknown code.</summary>
        public static Outcome Outcome(Table table, string code)
        {
            return (Outcome)Native.Functions.code_outcome(table, Upay.Text.In(code));
        }

        /// <summary>What to do about a code; None for an unknown code.</summary>
        public static Advice Advice(Table table, string code)
        {
            return (Advice)Native.Functions.code_advice(table, Upay.Text.In(code));
        }
    }
}
