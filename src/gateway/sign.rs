//! The signature of a request (003 §2.2): MD5 over the exact body bytes followed by the key, in lower-case hex.

pub fn sign(body: &[u8], key: &str) -> String {
    let mut context = md5::Context::new();
    context.consume(body);
    context.consume(key.as_bytes());
    format!("{:x}", context.finalize())
}

/// The value of the Authorization header: the signer's number, one space and the signature, without a scheme.
pub fn authorization(signer_sn: &str, key: &str, body: &[u8]) -> String {
    format!("{signer_sn} {}", sign(body, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "68d499beda5f72116592f5c527465656";

    #[test]
    fn signs_as_the_gateway_does() {
        let ascii = r#"{"terminal_sn":"10298371039","client_sn":"MEX202605220001","total_amount":"1000","dynamic_id":"130818341921441147","subject":"MUWE test order","operator":"cashier01"}"#;
        assert_eq!(sign(ascii.as_bytes(), KEY), "525b9339b1697424f5c4e3527ac7ee19");
        let chinese = r#"{"terminal_sn":"10298371039","client_sn":"2023","subject":"披萨"}"#;
        assert_eq!(sign(chinese.as_bytes(), KEY), "0dd2da3dd75614ae8f608a2868eaa432");
    }

    #[test]
    fn the_header_is_number_space_signature() {
        assert_eq!(authorization("42", "", b""), "42 d41d8cd98f00b204e9800998ecf8427e");
    }
}
