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

    /// A character that the encoding lacks becomes a question mark.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let table = match self {
            Self::Utf8 => return text.as_bytes().to_vec(),
            Self::Gbk => encoding_rs::GBK,
            Self::Gb18030 => encoding_rs::GB18030,
        };
        let mut bytes = Vec::with_capacity(text.len());
        let mut buffer = [0; 8];
        for c in text.chars() {
            let (encoded, _, lacking) = table.encode(c.encode_utf8(&mut buffer));
            if lacking {
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
}
