//! Kafka's 128-bit ids and their URL-safe base64 spelling.

use std::fmt;
use std::str::FromStr;

/// An id of a topic, directory or cluster: 128 bits, spelled as 22 characters of URL-safe base64 without padding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Uuid([u8; 16]);

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseUuidError {
    /// The text does not have 22 characters (24 with padding).
    #[error("an id has 22 characters of URL-safe base64, found {0}")]
    Length(usize),
    /// The text holds a character outside the URL-safe base64 alphabet.
    #[error("an id is URL-safe base64, found the byte {0:#04x}")]
    Character(u8),
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Uuid {
    /// "No id": all bits zero.
    pub const ZERO: Self = Self([0; 16]);
    /// The id reserved for the topic `__cluster_metadata`.
    pub const METADATA_TOPIC: Self = Self::from_halves(0, 1);

    /// The id with these bytes, most significant first.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id from its most and least significant halves.
    pub const fn from_halves(most: u64, least: u64) -> Self {
        Self((((most as u128) << 64) | least as u128).to_be_bytes())
    }

    /// The bytes, most significant first.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// True for [`Uuid::ZERO`].
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 16]
    }

    /// An id of version 4 made from 16 random bytes. Kafka never uses ids whose spelling starts with `-`
    /// (they look like an option on a command line) or the reserved ones; `None` means: draw again.
    pub fn from_random(mut bytes: [u8; 16]) -> Option<Self> {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let id = Self(bytes);
        let starts_with_dash = ALPHABET[usize::from(bytes[0] >> 2)] == b'-';
        (!starts_with_dash).then_some(id)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.0);
        for digit in 0..22 {
            // 21 digits of six bits, then the last two bits in the high end of a digit.
            let bits = if digit < 21 { number >> (122 - 6 * digit) } else { number << 4 };
            write!(f, "{}", char::from(ALPHABET[(bits & 63) as usize]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches('=').as_bytes();
        if digits.len() != 22 {
            return Err(ParseUuidError::Length(text.len()));
        }
        let mut number: u128 = 0;
        for (index, byte) in digits.iter().enumerate() {
            let digit =
                ALPHABET.iter().position(|known| known == byte).ok_or(ParseUuidError::Character(*byte))?;
            let digit = digit as u128;
            number = if index < 21 { number << 6 | digit } else { number << 2 | digit >> 4 };
        }
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_url_safe_base64_without_padding() {
        assert_eq!(Uuid::METADATA_TOPIC.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        let id = Uuid::from_halves(0x1234_5678_9abc_def0, 0xfedc_ba98_7654_3210);
        assert_eq!(id.to_string(), "EjRWeJq83vD-3LqYdlQyEA");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn texts_that_are_no_ids_are_refused() {
        assert_eq!("abc".parse::<Uuid>(), Err(ParseUuidError::Length(3)));
        assert_eq!("!AAAAAAAAAAAAAAAAAAAAA".parse::<Uuid>(), Err(ParseUuidError::Character(b'!')));
    }

    #[test]
    fn random_ids_never_look_like_an_option() {
        assert_eq!(Uuid::from_random([0xf8; 16]), None);
        assert!(Uuid::from_random([0x10; 16]).is_some());
    }
}
