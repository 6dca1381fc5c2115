//! Times as the gateway writes them: milliseconds since 1970 in 13 digits, or `2015-11-01 18:01:00` in Beijing.

const BEIJING_AHEAD_OF_UTC_MS: u64 = 8 * 3600 * 1000;

/// Milliseconds since 1970.
pub fn parse_ms(text: &str) -> Option<u64> {
    if text.len() == 13 {
        return number(text);
    }
    let (date, clock) = text.split_once(' ')?;
    let mut date = date.splitn(3, '-');
    let mut clock = clock.splitn(3, ':');
    let year = field(date.next()?, 4, 1970..=9999)?;
    let month = field(date.next()?, 2, 1..=12)?;
    let day = field(date.next()?, 2, 1..=31)?;
    let hour = field(clock.next()?, 2, 0..=23)?;
    let minute = field(clock.next()?, 2, 0..=59)?;
    let second = field(clock.next()?, 2, 0..=59)?;
    let seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    (seconds * 1000).checked_sub(BEIJING_AHEAD_OF_UTC_MS)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn field(text: &str, width: usize, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
    number(text).filter(|value| text.len() == width && range.contains(value))
}

/// In the Gregorian calendar, for a year from 1970 on.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // Years that begin in March: the leap day is then a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    const DAYS_BEFORE_1970: u64 = 719_468;
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - DAYS_BEFORE_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        assert_eq!(parse_ms("1446372060000"), Some(1_446_372_060_000));
        assert_eq!(parse_ms("2015-11-01 18:01:00"), Some(1_446_372_060_000));
        assert_eq!(parse_ms("1970-01-01 08:00:00"), Some(0));
        assert_eq!(parse_ms("2024-02-29 23:59:59"), Some(1_709_222_399_000));
        assert_eq!(parse_ms("2024-03-01 00:00:00"), Some(1_709_222_400_000));
        assert_eq!(parse_ms("9999-12-31 23:59:59"), Some(253_402_271_999_000));
    }

    #[test]
    fn anything_else_is_no_time() {
        for bad in [
            "",
            "0",
            "1446372060",
            "144637206000x",
            "+446372060000",
            "14463720600000",
            "2015-11-01",
            "2015-11-01 18:01",
            "2015-13-01 18:01:00",
            "2015-11-01 24:01:00",
            "1969-12-31 18:01:00",
            "1970-01-01 07:59:59",
            "2015-11-1 18:01:00",
            "2015-11-01 18:01:00.5",
            "１４４６",
        ] {
            assert_eq!(parse_ms(bad), None, "{bad:?}");
        }
    }
}
