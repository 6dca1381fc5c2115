//! The times that a flow keeps.

use std::fmt;

use super::Millis;

/// A cancel that left is carried out within this time, or never.
pub const CANCEL_MS_MAX: Millis = 600_000;
/// A refund that left is carried out within this time, or never.
pub const REFUND_MS_MAX: Millis = 600_000;
/// From the moment when a late payment is seen until a person hears of it: half a minute less than the ten minutes of the
/// rule, because an exchange may hang then.
pub const PERSON_MS_MAX: Millis = 570_000;
/// A payment that has not arrived for this long never arrives: a customer's code lives for minutes.
pub const ABSENT_MS_MAX: Millis = 3_600_000;
/// An order that is older than our request by more than this is not ours. By the gateway's clock.
pub const OLDER_MS_MAX: Millis = 600_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Before each query and each repeated cancel.
    pub poll: Pauses,
    /// From the end of the pay call to the cancel.
    pub pay_timeout: Millis,
    /// From the end of the precreate call to the cancel.
    pub precreate_timeout: Millis,
    /// From the first cancel to "unknown".
    pub cancel_timeout: Millis,
    /// Between two answers "no such order" that together count as one.
    pub not_found_grace: Millis,
    /// Before each query of an order that is watched.
    pub watch: Pauses,
}

/// Pauses in milliseconds, written `2000*15,5000`: fifteen of 2 s, and 5 s from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pauses(Vec<(Millis, usize)>);

pub const PAUSE_MS_MIN: Millis = 1;
pub const PAUSE_MS_MAX: Millis = 86_400_000;
pub const PAUSES_MAX: usize = 32;

impl Pauses {
    pub fn parse(text: &str) -> Result<Self, String> {
        let rule = || {
            format!("must be 1 to {PAUSES_MAX} pauses such as 2000*15,5000, each {PAUSE_MS_MIN} to {PAUSE_MS_MAX} ms")
        };
        let number = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse::<u64>().ok()).flatten()
        };
        let mut pauses = Vec::new();
        for part in text.split(',') {
            let (pause, times) = part.split_once('*').unwrap_or((part, "1"));
            let pause = number(pause).filter(|ms| (PAUSE_MS_MIN..=PAUSE_MS_MAX).contains(ms));
            let times = number(times).filter(|times| (1..=1_000_000).contains(times));
            pauses.push((pause.ok_or_else(rule)?, times.ok_or_else(rule)? as usize));
        }
        (pauses.len() <= PAUSES_MAX).then_some(Self(pauses)).ok_or_else(rule)
    }

    /// The pause after `taken` earlier ones; the last repeats.
    pub fn after(&self, taken: usize) -> Millis {
        let mut passed = 0;
        for (pause, times) in &self.0 {
            passed += times;
            if taken < passed {
                return *pause;
            }
        }
        self.0.last().map_or(PAUSE_MS_MAX, |(pause, _)| *pause)
    }
}

impl fmt::Display for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (pause, times)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            match times {
                1 => write!(f, "{comma}{pause}")?,
                times => write!(f, "{comma}{pause}*{times}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pause_repeats() {
        let pauses = Pauses::parse("2000*2,5000").unwrap();
        let taken: Vec<_> = (0..5).map(|n| pauses.after(n)).collect();
        assert_eq!(taken, [2000, 2000, 5000, 5000, 5000]);
        assert_eq!(pauses.to_string(), "2000*2,5000");
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["", ",", "0", "2000*", "*3", "2000*0", "-1", "1e3", "2000;5000", "86400001", " 20"] {
            assert!(Pauses::parse(bad).is_err(), "{bad:?}");
        }
    }
}
