using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;

namespace Upay
{
    /// <summary>
    /// Text by key. Every key of the header's tables can be set, also one that is newer than this assembly. The library
    /// checks the values when they are used.
    /// </summary>
    public class UpayFields : IEnumerable<KeyValuePair<string, string>>
    {
        readonly Dictionary<string, string> values = new Dictionary<string, string>();

        /// <summary>A value; null when it is not set. Setting null clears it.</summary>
        public string this[string key]
        {
            get
            {
                string value;
                return values.TryGetValue(key, out value) ? value : null;
            }
            set
            {
                if (value == null)
                    values.Remove(key);
                else
                    values[key] = value;
            }
        }

        /// <summary>All values that are set.</summary>
        public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
        {
            return values.GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return GetEnumerator();
        }

        internal long? Number(string key)
        {
            string value = this[key];
            return value == null ? (long?)null : long.Parse(value, CultureInfo.InvariantCulture);
        }

        internal void Number(string key, long? value)
        {
            this[key] = value == null ? null : value.Value.ToString(CultureInfo.InvariantCulture);
        }
    }
}
