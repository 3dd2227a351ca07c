//! Times of files, as devices write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads `YYYY-MM-DDTHH:MM:SS[.fff]Z`; `None` for anything else, and for times before 1970.
pub fn parse(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(digits);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let time = time.split('.').next()?;
    let mut time = time.splitn(3, ':').map(digits);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let sound = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let seconds = || ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    sound.then(|| UNIX_EPOCH + Duration::from_secs(seconds()))
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Days since 1970 in the Gregorian calendar. Years begin in March here: the leap day is then the last one.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        parse(text).and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs())
    }

    #[test]
    fn times_are_read() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T12:34:56Z"), Some(951_827_696));
        assert_eq!(seconds("2026-11-28T12:00:00.123Z"), Some(1_795_867_200));
        for bad in
            ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01", "1969-01-01T00:00:00Z", "é-1-1T0:0:0"]
        {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
