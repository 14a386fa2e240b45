//! Where to begin reading, on the command line.

use std::str::FromStr;

use super::datetime;

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetArgument {
    /// At the first record there is.
    Beginning,
    /// Behind the last record.
    End,
    /// At this offset of every partition that is read.
    At(i64),
    /// This many records before the end of every partition.
    BeforeEnd(i64),
    /// At the first record of each partition at or after this time, in milliseconds since 1970.
    Time(i64),
}

impl FromStr for OffsetArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected beginning, end, a number, -NUMBER from the end, or @TIME";
        if let Some(time) = text.strip_prefix('@').or(text.strip_prefix("s@")) {
            return datetime::parse_ms(time).map(Self::Time);
        }
        match text {
            "beginning" | "start" | "earliest" => Ok(Self::Beginning),
            "end" | "latest" => Ok(Self::End),
            number => match number.parse::<i64>() {
                Ok(offset) if offset >= 0 => Ok(Self::At(offset)),
                Ok(before) => Ok(Self::BeforeEnd(before.saturating_neg())),
                Err(_) => Err(EXPECTED.to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_typed() {
        for (typed, place) in [
            ("beginning", OffsetArgument::Beginning),
            ("end", OffsetArgument::End),
            ("7", OffsetArgument::At(7)),
            ("-3", OffsetArgument::BeforeEnd(3)),
            ("@1000", OffsetArgument::Time(1000)),
            ("@1970-01-01T00:00:01Z", OffsetArgument::Time(1000)),
        ] {
            assert_eq!(typed.parse(), Ok(place), "{typed}");
        }
        for typed in ["", "middle", "@", "1.5"] {
            assert!(typed.parse::<OffsetArgument>().is_err(), "{typed}");
        }
    }
}
