//! From a line to a record: what stands where.

use std::borrow::Cow;

use client::producer::HeaderRef;

use crate::commands::record_json;

/// How lines are read.
#[derive(Clone, Debug, Default)]
pub(super) struct LineFormat {
    /// Each line is an object as `milena consume --json` prints it; what else is here then counts for nothing.
    pub(super) is_json: bool,
    /// Between key and value.
    pub(super) key_separator: Option<Vec<u8>>,
    /// A value with no bytes is null.
    pub(super) empty_is_null: bool,
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) key: Option<Cow<'a, [u8]>>,
    pub(super) value: Option<Cow<'a, [u8]>>,
    /// Names and values.
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
}

impl LineFormat {
    /// Reads a line without its end.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn read<'a>(&self, line: &'a [u8]) -> Result<Line<'a>, String> {
        if self.is_json {
            let read = record_json::parse(line)?;
            return Ok(Line {
                key: read.key.map(Cow::Owned),
                value: read.value.map(Cow::Owned),
                headers: read.headers,
                timestamp: read.timestamp,
            });
        }
        let (key, value) = key_and_value(line, self.key_separator.as_deref());
        let is_null = self.empty_is_null && value.is_empty();
        Ok(Line {
            key: key.map(Cow::Borrowed),
            value: (!is_null).then_some(Cow::Borrowed(value)),
            headers: Vec::new(),
            timestamp: None,
        })
    }
}

impl Line<'_> {
    /// Its headers behind those of every record.
    pub(super) fn headers<'a>(&'a self, of_every: &'a [(String, String)]) -> Vec<HeaderRef<'a>> {
        let of_every = of_every.iter().map(|(name, value)| (name, Some(value.as_bytes())));
        let own = self.headers.iter().map(|(name, value)| (name, value.as_deref()));
        of_every.chain(own).map(|(name, value)| HeaderRef { key: name.as_bytes(), value }).collect()
    }
}

/// `key SEPARATOR value`; a line without separator, or with nothing before it, has no key.
fn key_and_value<'a>(line: &'a [u8], separator: Option<&[u8]>) -> (Option<&'a [u8]>, &'a [u8]) {
    let Some(separator) = separator else { return (None, line) };
    match line.windows(separator.len()).position(|window| window == separator) {
        Some(0) => (None, &line[separator.len()..]),
        Some(at) => (Some(&line[..at]), &line[at + separator.len()..]),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_at_the_first_separator() {
        let check = |line: &'static str, separator: Option<&'static str>, key: Option<&str>, value: &str| {
            let found = key_and_value(line.as_bytes(), separator.map(str::as_bytes));
            assert_eq!(found, (key.map(str::as_bytes), value.as_bytes()), "{line:?} at {separator:?}");
        };
        check("a:b:c", Some(":"), Some("a"), "b:c");
        check("a::b", Some("::"), Some("a"), "b");
        check("a:b", None, None, "a:b");
        check("ab", Some(":"), None, "ab");
        check(":b", Some(":"), None, "b");
        check("a:", Some(":"), Some("a"), "");
        check("", Some(":"), None, "");
    }

    #[test]
    fn an_empty_value_is_null_where_that_is_asked_for() {
        let format = |empty_is_null| LineFormat {
            key_separator: Some(b":".to_vec()),
            empty_is_null,
            ..LineFormat::default()
        };
        assert_eq!(format(true).read(b"gone:").expect("a line").value, None);
        assert_eq!(format(false).read(b"gone:").expect("a line").value.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn headers_of_a_line_stand_behind_those_of_every_record() {
        let format = LineFormat { is_json: true, ..LineFormat::default() };
        let line = format.read(br#"{"key":"k","headers":[{"key":"a","value":"1"}]}"#).expect("JSON");
        let of_every = [("b".to_owned(), "2".to_owned())];
        let headers: Vec<_> =
            line.headers(&of_every).iter().map(|header| (header.key, header.value)).collect();
        assert_eq!(headers, [(&b"b"[..], Some(&b"2"[..])), (b"a", Some(b"1"))]);
        assert!(format.read(b"{").is_err());
    }
}
