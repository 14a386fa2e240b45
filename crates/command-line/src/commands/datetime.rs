//! Times as people type them, by the calendar of ISO 8601.

/// Milliseconds since 1970 of `2026-11-21`, `2026-11-21T15:04`, `2026-11-21T15:04:05.678+01:00`, or of a bare number of
/// milliseconds. Without a zone it is UTC, as in Kafka's tools.
///
/// # Errors
/// Says what is expected.
pub(crate) fn parse_ms(text: &str) -> Result<i64, String> {
    let expected =
        || format!("expected a time such as 2026-11-21T15:04:05Z, or milliseconds since 1970, not {text:?}");
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    parse(text).ok_or_else(expected)
}

fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let [year, month, day] = numbers(date, '-')?;
    let month_days = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days_in_month = *month_days.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if !(1..=days_in_month).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    let (clock, zone_minutes) = zone(time)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let ms = fraction_ms(fraction)?;
    let clock = if clock.matches(':').count() == 1 { format!("{clock}:00") } else { clock.to_owned() };
    let [hour, minute, second] = numbers(&clock, ':')?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - zone_minutes;
    Some((minutes * 60 + second) * 1000 + ms)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut numbers = text.split(separator).map(|part| {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse().ok() } else { None }
    });
    let found = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(found)
}

/// A time of day without its zone, and the zone in minutes east of Greenwich.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (clock, zone) = time.split_at(at);
    let digits: String = zone[1..].chars().filter(|letter| *letter != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    let minutes = hours * 60 + minutes;
    Some((clock, if zone.starts_with('-') { -minutes } else { minutes }))
}

fn fraction_ms(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.len() > 9 {
        return None;
    }
    format!("{digits:0<3}").get(..3)?.parse().ok()
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Of the Gregorian calendar: years begin in March, so that the leap day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_typed() {
        // Checked with `date -u -d TIME +%s%3N`.
        for (typed, ms) in [
            ("1795253500000", 1_795_253_500_000),
            ("1970-01-01", 0),
            ("2026-11-21", 1_795_219_200_000),
            ("2026-11-21T15:04", 1_795_273_440_000),
            ("2026-11-21T15:04:05Z", 1_795_273_445_000),
            ("2026-11-21 15:04:05.678", 1_795_273_445_678),
            ("2026-11-21T15:04:05.6+01:00", 1_795_269_845_600),
            ("2026-11-21T15:04:05-0530", 1_795_293_245_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2000-03-01", 951_868_800_000),
        ] {
            assert_eq!(parse_ms(typed), Ok(ms), "{typed}");
        }
        for typed in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-29",
            "2026-11-21T25:00",
            "2026-11-21T15:04:05+1",
            "2026-1-x",
        ] {
            assert!(parse_ms(typed).is_err(), "{typed}");
        }
    }
}
