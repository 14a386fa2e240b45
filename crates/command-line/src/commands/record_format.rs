//! `-f FORMAT` of `milena consume`: how a record is printed, with kcat's letters, and rpk's where kcat has none.
//!
//! | letter | |
//! |---|---|
//! | `%s`, `%v` | value |
//! | `%S`, `%V` | bytes of the value; −1 for null |
//! | `%k`, `%K` | key, and its bytes; −1 for null |
//! | `%t`, `%p`, `%o` | topic, partition, offset |
//! | `%T`, `%d` | timestamp, in milliseconds since 1970 |
//! | `%h`, `%H` | headers as `name=value` with commas, and how many there are |
//! | `%R` | bytes of the value as four big-endian bytes |
//! | `%%`, `%{`, `%}` | a percent sign, a brace |
//!
//! Behind `%s`, `%v` and `%k` may stand `{hex}` or `{base64}`, as in rpk. A brace that begins no such word is itself.
//!
//! `\n`, `\r`, `\t`, `\\` and `\xNN` are what they are elsewhere.

use std::io::{self, Write};

use record::RecordView;

use super::base64;

/// A format that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFormat(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Value(Encoding),
    ValueLength,
    ValueLengthBinary,
    Key(Encoding),
    KeyLength,
    Topic,
    Partition,
    Offset,
    Timestamp,
    Headers,
    HeaderCount,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    AsTheyAre,
    Hex,
    Base64,
}

impl Encoding {
    /// What stands behind a letter, and is then taken away.
    fn read(letters: &mut std::str::Chars<'_>) -> Self {
        for (word, encoding) in [("{hex}", Self::Hex), ("{base64}", Self::Base64)] {
            if let Some(rest) = letters.as_str().strip_prefix(word) {
                *letters = rest.chars();
                return encoding;
            }
        }
        Self::AsTheyAre
    }

    fn write(self, output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::AsTheyAre => output.write_all(bytes),
            Self::Hex => bytes.iter().try_for_each(|byte| write!(output, "{byte:02x}")),
            Self::Base64 => output.write_all(base64::encode(bytes).as_bytes()),
        }
    }
}

impl RecordFormat {
    /// Reads a format as it is typed.
    ///
    /// # Errors
    /// Names the letter that means nothing.
    pub(crate) fn parse(typed: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut text: Vec<u8> = Vec::new();
        let mut letters = typed.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => text.extend(escaped(&mut letters)?),
                '%' => {
                    let piece = match letters.next() {
                        Some(itself @ ('%' | '{' | '}')) => {
                            text.extend(itself.encode_utf8(&mut [0; 4]).as_bytes());
                            continue;
                        }
                        Some('s' | 'v') => Piece::Value(Encoding::read(&mut letters)),
                        Some('S' | 'V') => Piece::ValueLength,
                        Some('R') => Piece::ValueLengthBinary,
                        Some('k') => Piece::Key(Encoding::read(&mut letters)),
                        Some('K') => Piece::KeyLength,
                        Some('t') => Piece::Topic,
                        Some('p') => Piece::Partition,
                        Some('o') => Piece::Offset,
                        Some('T' | 'd') => Piece::Timestamp,
                        Some('h') => Piece::Headers,
                        Some('H') => Piece::HeaderCount,
                        Some(other) => {
                            return Err(format!(
                                "%{other} means nothing; there are %s %S %k %K %t %p %o %T %h %H %R %%"
                            ));
                        }
                        None => return Err("the format ends with a lone %".to_owned()),
                    };
                    pieces.push(Piece::Bytes(std::mem::take(&mut text)));
                    pieces.push(piece);
                }
                other => text.extend(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        pieces.push(Piece::Bytes(text));
        pieces.retain(|piece| *piece != Piece::Bytes(Vec::new()));
        Ok(Self(pieces))
    }

    /// Writes one record.
    pub(crate) fn write(
        &self,
        output: &mut impl Write,
        topic: &str,
        partition: i32,
        record: &RecordView<'_>,
    ) -> io::Result<()> {
        for piece in &self.0 {
            match piece {
                Piece::Bytes(bytes) => output.write_all(bytes)?,
                Piece::Value(encoding) => encoding.write(output, record.value.unwrap_or_default())?,
                Piece::ValueLength => write!(output, "{}", length(record.value))?,
                Piece::ValueLengthBinary => output.write_all(&length(record.value).to_be_bytes())?,
                Piece::Key(encoding) => encoding.write(output, record.key.unwrap_or_default())?,
                Piece::KeyLength => write!(output, "{}", length(record.key))?,
                Piece::Topic => output.write_all(topic.as_bytes())?,
                Piece::Partition => write!(output, "{partition}")?,
                Piece::Offset => write!(output, "{}", record.offset)?,
                Piece::Timestamp => write!(output, "{}", record.timestamp)?,
                Piece::HeaderCount => write!(output, "{}", record.headers.len())?,
                Piece::Headers => write_headers(output, record)?,
            }
        }
        Ok(())
    }
}

/// What stands behind a backslash.
fn escaped(letters: &mut std::str::Chars<'_>) -> Result<Vec<u8>, String> {
    Ok(match letters.next() {
        Some('n') => vec![b'\n'],
        Some('r') => vec![b'\r'],
        Some('t') => vec![b'\t'],
        Some('\\') | None => vec![b'\\'],
        Some('x') => {
            let digits = letters.as_str().get(..2).unwrap_or_default();
            let byte =
                u8::from_str_radix(digits, 16).map_err(|_| "\\x needs two hexadecimal digits".to_owned())?;
            letters.nth(1);
            vec![byte]
        }
        Some(other) => {
            let mut kept = vec![b'\\'];
            kept.extend(other.encode_utf8(&mut [0; 4]).as_bytes());
            kept
        }
    })
}

/// Of nothing −1, as in kcat.
fn length(bytes: Option<&[u8]>) -> i32 {
    bytes.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX))
}

fn write_headers(output: &mut impl Write, record: &RecordView<'_>) -> io::Result<()> {
    for (number, header) in record.headers.iter().enumerate() {
        if number > 0 {
            output.write_all(b",")?;
        }
        output.write_all(header.key)?;
        output.write_all(b"=")?;
        output.write_all(header.value.unwrap_or(b"NULL"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use types::Offset;

    use super::*;

    fn written(format: &str, key: Option<&[u8]>, value: Option<&[u8]>) -> Vec<u8> {
        let format = RecordFormat::parse(format).expect("a format");
        let record =
            RecordView { offset: Offset(7), timestamp: 1000, key, value, headers: Default::default() };
        let mut output = Vec::new();
        format.write(&mut output, "t", 2, &record).expect("memory takes all");
        output
    }

    #[test]
    fn letters_stand_for_what_a_record_has() {
        let all = written("%t-%p@%o %T=%d %k:%K %s=%v:%S=%V [%h]%H %%\\t\\x41\\n", Some(b"k"), Some(b"val"));
        assert_eq!(all, b"t-2@7 1000=1000 k:1 val=val:3=3 []0 %\tA\n");
        assert_eq!(written("%K%k%S%s", None, None), b"-1-1", "null has no bytes");
        assert_eq!(written("%R", None, Some(b"abc")), [0, 0, 0, 3]);
        assert_eq!(
            written("%v{hex} %k{base64} %{%s}%}", Some(b"k"), Some(&[255, 1])),
            b"ff01 aw== {\xff\x01}}"
        );
    }

    #[test]
    fn letters_that_mean_nothing_are_refused() {
        for typed in ["%z", "%", "\\xg0", "\\x4"] {
            assert!(RecordFormat::parse(typed).is_err(), "{typed}");
        }
    }
}
