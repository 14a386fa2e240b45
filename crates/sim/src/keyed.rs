//! Records with keys, for compacted topics. The text by which a record is known says its key, too, and whether it ends what
//! stood under it: `i0.1000-17-k3-xxxx` and, for a tombstone, `i0.1000-18-k3!-`, which goes in a header then.

/// The header of a tombstone that has its text.
pub(crate) const TEXT_HEADER: &[u8] = b"text";

/// What a text says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keyed<'a> {
    pub(crate) key: &'a str,
    pub(crate) is_tombstone: bool,
}

/// The key that a text names; `None` where the record has none.
pub(crate) fn keyed(text: &str) -> Option<Keyed<'_>> {
    let word = text.split('-').nth(2).filter(|word| word.starts_with('k'))?;
    let key = word.trim_end_matches('!');
    Some(Keyed { key, is_tombstone: key.len() < word.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_its_key() {
        assert_eq!(keyed("p0-1-xxx"), None);
        assert_eq!(keyed("p0-1-k2-xxx"), Some(Keyed { key: "k2", is_tombstone: false }));
        assert_eq!(keyed("i0.7-1-k2!-"), Some(Keyed { key: "k2", is_tombstone: true }));
    }
}
