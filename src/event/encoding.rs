//! The encodings of tills: text in and out.

/// The encoding of all text that passes between this client and its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    #[default]
    Utf8,
    Gbk,
    Gb18030,
}

impl Encoding {
    /// By the setting's value.
    pub fn named(name: &str) -> Self {
        match name {
            "gbk" => Self::Gbk,
            "gb18030" => Self::Gb18030,
            _ => Self::Utf8,
        }
    }

    /// `None`: the bytes are not text in this encoding.
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        let table = match self {
            Self::Utf8 => return std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Gbk => encoding_rs::GBK,
            Self::Gb18030 => encoding_rs::GB18030,
        };
        let text = table.decode_without_bom_handling_and_without_replacement(bytes)?;
        // The decoder of GBK reads all of GB18030; what GBK has no code for was not written in GBK.
        let (_, _, lacking) = table.encode(&text);
        (!lacking).then(|| text.into_owned())
    }

    /// A character that the encoding lacks becomes a question mark; and so does a NUL, at which text for C would end and
    /// be taken for another.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let table = match self {
            Self::Utf8 => return text.replace('\0', "?").into_bytes(),
            Self::Gbk => encoding_rs::GBK,
            Self::Gb18030 => encoding_rs::GB18030,
        };
        let mut bytes = Vec::with_capacity(text.len());
        let mut buffer = [0; 8];
        for c in text.chars() {
            let (encoded, _, lacking) = table.encode(c.encode_utf8(&mut buffer));
            if lacking || c == '\0' {
                bytes.push(b'?');
            } else {
                bytes.extend_from_slice(&encoded);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gbk_and_gb18030_go_both_ways() {
        let pizza = [0xC5, 0xFB, 0xC8, 0xF8];
        assert_eq!(Encoding::Gbk.decode(&pizza).unwrap(), "披萨");
        assert_eq!(Encoding::Gbk.encode("披萨😀"), [0xC5, 0xFB, 0xC8, 0xF8, b'?']);
        let emoji = Encoding::Gb18030.encode("😀");
        assert_eq!(Encoding::Gb18030.decode(&emoji).unwrap(), "😀");
        assert_eq!(Encoding::Gbk.decode(&emoji), None);
        assert_eq!(Encoding::Gbk.decode(&[0xC5]), None);
        assert_eq!(Encoding::Utf8.decode(&pizza), None);
    }

    /// The codes of one, two and four bytes: not all, because looking a character up takes its time.
    fn codes() -> impl Iterator<Item = Vec<u8>> {
        let one = (1..=0xFF).map(|a| vec![a]);
        let rows = [0x81, 0x82, 0xA1, 0xA2, 0xA3, 0xA4, 0xA6, 0xA8, 0xA9, 0xAA, 0xB0, 0xD7, 0xF8, 0xFD, 0xFE];
        let two = rows.into_iter().flat_map(|a| (1..=0xFF).map(move |b| vec![a, b]));
        let last = || (0x81..=0xFE).flat_map(|c| (b'0'..=b'9').map(move |d| [c, d]));
        let first = [0x81, 0x82, 0x84, 0x90, 0xE3].into_iter().flat_map(|a| (b'0'..=b'9').map(move |b| [a, b]));
        let four = first.flat_map(move |first| last().map(move |last| [first, last].concat()));
        one.chain(two).chain(four)
    }

    #[test]
    fn each_code_comes_back_as_it_went_in_unless_its_character_has_two() {
        for (encoding, expected) in
            [(Encoding::Gbk, [[0xA2, 0xE3].as_slice(), &[0xA3, 0xA0]]), (Encoding::Gb18030, [&[0x80], &[0xA3, 0xA0]])]
        {
            let mut others = Vec::new();
            for code in codes() {
                let Some(text) = encoding.decode(&code) else { continue };
                let again = encoding.encode(&text);
                assert_eq!(encoding.decode(&again), Some(text), "{encoding:?} {code:x?}");
                // Characters that were private once have a code of four bytes beside that of two.
                if again != code && code.len() < 4 {
                    others.push(code);
                }
            }
            assert_eq!(others, expected, "{encoding:?}");
        }
    }

    #[test]
    fn no_character_becomes_another_but_a_question_mark_and_gb18030_lacks_none() {
        for encoding in [Encoding::Gbk, Encoding::Gb18030] {
            let private = '\u{E000}'..='\u{F8FF}';
            for c in ('\u{1}'..='\u{10FFF}').step_by(17).filter(|c| !private.contains(c)) {
                let text = c.to_string();
                let bytes = encoding.encode(&text);
                let lacking = bytes == b"?" && c != '?';
                assert!(!lacking || encoding == Encoding::Gbk, "{encoding:?} lacks {c:?}");
                assert!(lacking || encoding.decode(&bytes) == Some(text), "{encoding:?} {c:?}");
            }
        }
    }

    #[test]
    fn no_text_ends_before_its_end() {
        for encoding in [Encoding::Utf8, Encoding::Gbk, Encoding::Gb18030] {
            assert_eq!(encoding.encode("c\0d"), b"c?d", "{encoding:?}");
        }
    }
}
