//! The terminal's keys: each check-in makes a new one, and the newest two are taken.

use super::*;

#[derive(Default)]
pub struct Keys {
    /// So many check-ins have arrived.
    pub made: u32,
}

impl Keys {
    /// The key that the terminal began with, or that its n-th check-in made.
    pub fn text(n: u32) -> String {
        format!("key-{n:08}-of-the-terminal")
    }

    fn number(text: &str) -> Option<u32> {
        text.get(4..12)?.parse().ok()
    }

    pub fn accepts(&self, text: &str) -> bool {
        Self::number(text).is_some_and(|n| n <= self.made && n + 1 >= self.made)
    }
}

impl World {
    pub(super) fn check_in(&mut self) -> Reply {
        let odd = self.levels.gateway;
        let refuses = odd > 0 && self.choices.chance(Of::Gateway, odd);
        if refuses {
            self.met("gateway: a check-in is refused");
            return match self.choices.below(Of::Gateway, 2) {
                0 => Reply::Ready(400, top("400", "INVALID_PARAMS")),
                _ => Reply::of(fail("A_CODE_OF_NEXT_YEAR")),
            };
        }
        self.gateway.keys.made += 1;
        let key = Keys::text(self.gateway.keys.made);
        let fields = format!(r#"{{"terminal_sn":"{TERMINAL_SN}","terminal_key":"{key}"}}"#);
        let fails = odd > 0 && self.choices.chance(Of::Gateway, odd);
        if fails {
            self.met("gateway: a check-in made a key and failed");
            return match self.choices.below(Of::Gateway, 2) {
                0 => Reply::Ready(500, top("500", "UNKNOWN_SYSTEM_ERROR")),
                _ => Reply::of(envelope("TERMINAL_CHECKIN_SUCCESS", None)),
            };
        }
        self.met("gateway: checked in");
        match self.choices.below(Of::Gateway, 2) {
            0 => Reply::of(format!(r#"{{"result_code":"200","biz_response":{fields}}}"#)),
            _ => Reply::of(envelope("TERMINAL_CHECKIN_SUCCESS", Some(&fields))),
        }
    }
}
