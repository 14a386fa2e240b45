//! Durations as people type them.

use std::time::Duration;

/// `90s`, `1h30m`, `500ms`, `7d`; a bare number counts milliseconds, as in Kafka's keys.
///
/// # Errors
/// Says what is expected.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a duration such as 500ms, 90s, 1h30m or 7d, not {text:?}");
    if let Ok(millis) = text.parse() {
        return Ok(Duration::from_millis(millis));
    }
    let mut rest = text;
    let mut total_ms: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(expected)?;
        let number: u64 = rest[..digits].parse().map_err(|_| expected())?;
        rest = &rest[digits..];
        let letters = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let unit_ms: u64 = match &rest[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(expected()),
        };
        rest = &rest[letters..];
        total_ms =
            number.checked_mul(unit_ms).and_then(|part| part.checked_add(total_ms)).ok_or_else(expected)?;
    }
    if text.is_empty() { Err(expected()) } else { Ok(Duration::from_millis(total_ms)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_typed() {
        for (typed, millis) in
            [("250", 250), ("500ms", 500), ("90s", 90_000), ("1h30m", 5_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse(typed), Ok(Duration::from_millis(millis)), "{typed}");
        }
        for typed in ["", "s", "1x", "1h30x", "-1s", "99999999999999999999d", "1.5s"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }
}
