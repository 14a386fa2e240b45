//! Walks over the batch headers of a segment file with few reads: a buffer's worth at a time, jumping over bodies
//! that are larger than the buffer.

use std::path::{Path, PathBuf};

use ::io::DiskFile;

use super::Segment;
use super::header::{BatchHeader, COMMON_LENGTH, Parsed};
use crate::{LogError, Patience};

/// A read for finding one batch from an index entry: covers the distance between two index entries twice.
pub(crate) const LOOKUP_BYTES: usize = 8 * 1024;
/// A read for walking over much of a file.
pub(crate) const WALK_BYTES: usize = 256 * 1024;
/// A read for checking all bytes of a file: most batches are whole in one.
pub(crate) const CHECK_BYTES: usize = 1024 * 1024;

/// A header and where its batch starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located {
    pub(crate) header: BatchHeader,
    pub(crate) position: u64,
}

/// Whose headers are walked over; asked for the path only where something is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ScannedFile<'a> {
    Segment(&'a Segment),
    Other(&'a Path),
}

impl ScannedFile<'_> {
    fn path(self) -> PathBuf {
        match self {
            Self::Segment(segment) => segment.path(),
            Self::Other(path) => path.to_owned(),
        }
    }
}

/// See the module's text. Ends quietly where the last batch is not whole, as Kafka's readers do.
pub(crate) struct HeaderScan<'a> {
    file: &'a DiskFile,
    scanned: ScannedFile<'a>,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
    read_bytes: usize,
    patience: Patience,
}

impl<'a> HeaderScan<'a> {
    /// Batches that start at or after `position` and end at or before `end`.
    pub(crate) fn new(
        file: &'a DiskFile,
        scanned: ScannedFile<'a>,
        position: u64,
        end: u64,
        read_bytes: usize,
    ) -> Self {
        let (buffer, patience) = (Vec::new(), Patience::Waits);
        Self { file, scanned, position, end, buffer, buffer_start: position, read_bytes, patience }
    }

    /// The same, but it waits for the disk or does not.
    pub(crate) fn with(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The next header; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Located>, LogError> {
        let mut wanted = COMMON_LENGTH;
        loop {
            if self.position + wanted as u64 > self.end {
                return Ok(None);
            }
            self.fill(wanted)?;
            let at = (self.position - self.buffer_start) as usize;
            match BatchHeader::parse(&self.buffer[at..]) {
                Parsed::NeedsBytes(needed) if needed > wanted => wanted = needed,
                Parsed::NeedsBytes(_) => return Ok(None),
                Parsed::Corrupt(reason) => {
                    return Err(LogError::corrupt(self.scanned.path(), self.position, reason));
                }
                Parsed::Header(header) if self.position + header.size > self.end => return Ok(None),
                Parsed::Header(header) => {
                    let position = self.position;
                    self.position += header.size;
                    return Ok(Some(Located { header, position }));
                }
            }
        }
    }

    /// All bytes of a batch just given; `None` where they are more than one read takes, or gone meanwhile.
    pub(crate) fn bytes(&mut self, located: &Located) -> Result<Option<&[u8]>, LogError> {
        if located.header.size > self.read_bytes as u64 {
            return Ok(None);
        }
        let (next, size) = (self.position, located.header.size as usize);
        self.position = located.position;
        let filled = self.fill(size);
        self.position = next;
        filled?;
        let start = (located.position - self.buffer_start) as usize;
        Ok(self.buffer.get(start..start + size))
    }

    /// Makes `wanted` bytes from `position` on available, where the file has them.
    fn fill(&mut self, wanted: usize) -> Result<(), LogError> {
        let buffered_end = self.buffer_start + self.buffer.len() as u64;
        if self.position >= self.buffer_start && self.position + wanted as u64 <= buffered_end {
            return Ok(());
        }
        let length = (self.end - self.position).min(self.read_bytes.max(wanted) as u64) as usize;
        self.buffer.resize(length, 0);
        let path = || self.scanned.path();
        let read = match self.patience.read(self.file, &mut self.buffer, self.position, path) {
            Ok(read) => read,
            Err(error) => {
                self.buffer.clear();
                return Err(error);
            }
        };
        self.buffer.truncate(read);
        self.buffer_start = self.position;
        Ok(())
    }
}
