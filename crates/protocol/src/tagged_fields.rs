//! Tagged fields (KIP-482): optional fields that follow a struct's others, each with its number and length.

use std::fmt;

use bytes::Bytes;

use crate::{DecodeError, EncodeError, Reader, Writer};

/// Tagged fields this program does not know, kept as they came and written again.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TaggedFields(Option<Box<Kept>>);

/// Tag, length and value of each field, one after the other, tags ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    count: u32,
    bytes: Bytes,
}

impl TaggedFields {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |kept| kept.count as usize)
    }

    /// Tag and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Bytes)> {
        let mut cursor = Reader::new(self.0.as_ref().map_or_else(Bytes::new, |kept| kept.bytes.clone()));
        std::iter::from_fn(move || {
            let tag = cursor.unsigned_varint().ok()?;
            let size = cursor.unsigned_varint().ok()?;
            Some((tag, cursor.slice(size as usize).ok()?))
        })
    }
}

impl fmt::Debug for TaggedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Walks over the tagged fields of one struct.
pub(crate) struct TagReader {
    left: u32,
    /// Tag and end of the value that is being read.
    open: Option<(u32, usize)>,
    /// Where the tag that is being read starts.
    start: usize,
    kept: Keeping,
}

/// Unknown fields usually lie beside each other and are shared with the input; if known ones lie between, they are copied.
enum Keeping {
    Nothing,
    Shared { count: u32, bytes: Bytes, end: usize },
    Copied { count: u32, bytes: Vec<u8> },
}

impl TagReader {
    pub(crate) fn start(reader: &mut Reader) -> Result<Self, DecodeError> {
        let left = reader.unsigned_varint()?;
        Ok(Self { left, open: None, start: reader.position(), kept: Keeping::Nothing })
    }

    /// The next tag; the reader stands before its value.
    pub(crate) fn next(&mut self, reader: &mut Reader) -> Result<Option<u32>, DecodeError> {
        let at = reader.position();
        let mut last = None;
        if let Some((tag, end)) = self.open {
            if at != end {
                return Err(DecodeError::TagSize { at, end, tag });
            }
            last = Some(tag);
        }
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.start = at;
        let tag = reader.unsigned_varint()?;
        let size = reader.unsigned_varint()? as usize;
        let at = reader.position();
        if last.is_some_and(|last| tag <= last) {
            return Err(DecodeError::TagOrder { at, tag });
        }
        if size > reader.remaining() {
            return Err(DecodeError::TagSize {
                at: at + reader.remaining(),
                end: at.saturating_add(size),
                tag,
            });
        }
        self.open = Some((tag, at + size));
        Ok(Some(tag))
    }

    /// Passes over the value of the current tag and remembers it.
    pub(crate) fn keep_unknown(&mut self, reader: &mut Reader) -> Result<(), DecodeError> {
        let (start, end) = (self.start, self.open.map_or(self.start, |open| open.1));
        reader.skip(end - reader.position())?;
        self.kept = match std::mem::replace(&mut self.kept, Keeping::Nothing) {
            Keeping::Nothing => {
                reader.charge(size_of::<Kept>())?;
                Keeping::Shared { count: 1, bytes: reader.between(start, end)?, end }
            }
            Keeping::Shared { count, bytes, end: last } if last == start => {
                Keeping::Shared { count: count + 1, bytes: reader.between(last - bytes.len(), end)?, end }
            }
            Keeping::Shared { count, bytes, .. } => Self::append(reader, count, bytes.to_vec(), start, end)?,
            Keeping::Copied { count, bytes } => Self::append(reader, count, bytes, start, end)?,
        };
        Ok(())
    }

    fn append(
        reader: &mut Reader,
        count: u32,
        mut bytes: Vec<u8>,
        start: usize,
        end: usize,
    ) -> Result<Keeping, DecodeError> {
        let length = bytes.len() + (end - start);
        // Old and new copy exist for a moment. Only as many appends as known tags are possible.
        reader.charge(2 * length)?;
        bytes.reserve_exact(end - start);
        bytes.extend_from_slice(&reader.between(start, end)?);
        Ok(Keeping::Copied { count: count + 1, bytes })
    }

    pub(crate) fn finish(self) -> TaggedFields {
        match self.kept {
            Keeping::Nothing => TaggedFields(None),
            Keeping::Shared { count, bytes, .. } => TaggedFields(Some(Box::new(Kept { count, bytes }))),
            Keeping::Copied { count, bytes } => {
                TaggedFields(Some(Box::new(Kept { count, bytes: bytes.into() })))
            }
        }
    }
}

/// Writes the tagged fields of one struct: known ones as they are opened, unknown ones between them by their tags.
pub(crate) struct TagWriter {
    count: u32,
    count_at: usize,
    unknown: Vec<(u32, Bytes)>,
    written: usize,
}

impl TagWriter {
    pub(crate) fn start(writer: &mut Writer, unknown: &TaggedFields) -> Self {
        let unknown: Vec<_> = if unknown.is_empty() { Vec::new() } else { unknown.iter().collect() };
        let count_at = writer.len();
        Self { count: 0, count_at, unknown, written: 0 }
    }

    /// Begins the value of a known tag; tags must ascend. Returns where its length belongs.
    pub(crate) fn open(&mut self, writer: &mut Writer, tag: u32) -> Result<usize, EncodeError> {
        self.write_unknown(writer, Some(tag))?;
        self.count += 1;
        writer.unsigned_varint(tag);
        writer.tags_open += 1;
        Ok(writer.len())
    }

    /// Ends the value whose length belongs at `size_at`.
    pub(crate) fn close(&mut self, writer: &mut Writer, size_at: usize) -> Result<(), EncodeError> {
        writer.tags_open -= 1;
        let size = writer.len() - size_at;
        let size = u32::try_from(size)
            .map_err(|_| EncodeError::TooLong { field: "a tagged field", length: size })?;
        writer.insert_unsigned_varint(size_at, size);
        Ok(())
    }

    pub(crate) fn finish(mut self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.write_unknown(writer, None)?;
        writer.insert_unsigned_varint(self.count_at, self.count);
        Ok(())
    }

    fn write_unknown(&mut self, writer: &mut Writer, before: Option<u32>) -> Result<(), EncodeError> {
        while let Some((tag, value)) = self.unknown.get(self.written) {
            match before {
                Some(known) if *tag == known => return Err(EncodeError::TagCollision { tag: *tag }),
                Some(known) if *tag > known => break,
                _ => {}
            }
            writer.unsigned_varint(*tag);
            writer.unsigned_varint(value.len() as u32);
            writer.raw(value);
            self.count += 1;
            self.written += 1;
        }
        Ok(())
    }
}

impl Writer {
    /// The tagged fields of a struct that knows none.
    pub(crate) fn unknown_tagged_fields(&mut self, fields: &TaggedFields) -> Result<(), EncodeError> {
        if fields.is_empty() {
            self.unsigned_varint(0);
            return Ok(());
        }
        TagWriter::start(self, fields).finish(self)
    }
}
