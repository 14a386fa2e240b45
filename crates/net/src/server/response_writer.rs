//! Writes responses: pieces of memory gathered into one call, ranges of files without copying.
//!
//! *Invariant:* nothing here waits for a disk. A range that is not in memory is brought there by others first
//! ([`ReadAhead`]), step by step, each step no longer than one call sends.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::io::FileRegion;
use bytes::{Buf, Bytes};
use smallvec::SmallVec;

use super::read_ahead::{ReadAhead, Reading};
use super::transport::Transport;
use crate::{Chunk, CloseReason, Response};

/// Below this a file's range is read and written: the two calls of `sendfile` cost more than the copy.
const SENDFILE_MIN: usize = 16 * 1024;

/// A stream that cannot send files gets them in pieces of this size.
const COPY_STEP: usize = 256 * 1024;

/// One `sendfile` takes no more than this, so that a fast reader does not hold up the other connections; and no more
/// is brought into memory at once.
const SEND_STEP: usize = 512 * 1024;

/// Pieces gathered into one call.
const GATHERED_MAX: usize = 64;

/// Responses on their way out, in order.
pub(super) struct ResponseWriter {
    pieces: VecDeque<Piece>,
    read_ahead: ReadAhead,
    /// The beginning of the range at the front is on its way into memory.
    reading: Option<Reading>,
    /// What was written last was not in memory: what follows may be on its way there, as the system reads ahead, too.
    follows_cold: bool,
    unwritten: usize,
    written: u64,
}

enum Piece {
    /// What is left of a frame's length.
    Length {
        bytes: [u8; 4],
        sent: usize,
    },
    Bytes(Bytes),
    File(FileRange),
}

struct FileRange {
    region: FileRegion,
    /// So many bytes at its beginning were in memory when that was looked at last.
    held: usize,
}

impl ResponseWriter {
    pub(super) fn new(read_ahead: ReadAhead) -> Self {
        Self {
            pieces: VecDeque::new(),
            read_ahead,
            reading: None,
            follows_cold: false,
            unwritten: 0,
            written: 0,
        }
    }

    /// Puts a response behind those being written.
    ///
    /// # Errors
    /// When it is longer than a frame can be.
    pub(super) fn push(&mut self, response: Response) -> Result<(), CloseReason> {
        let length = response.len();
        let announced = i32::try_from(length)
            .map_err(|_| CloseReason::refused(format!("a response of {length} bytes fits into no frame")))?;
        self.pieces.push_back(Piece::Length { bytes: announced.to_be_bytes(), sent: 0 });
        self.unwritten += length + 4;
        let chunks = response.chunks.into_iter().filter(|chunk| !chunk.is_empty());
        self.pieces.extend(chunks.map(|chunk| match chunk {
            Chunk::Bytes(bytes) => Piece::Bytes(bytes),
            Chunk::File(region) => Piece::File(FileRange { region, held: 0 }),
        }));
        Ok(())
    }

    /// Bytes still to be written.
    pub(super) fn unwritten(&self) -> usize {
        self.unwritten
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes as much as the transport takes; ready when all is written.
    pub(super) fn poll_write<T: Transport>(
        &mut self,
        transport: &mut T,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), CloseReason>> {
        if self.pieces.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while let Some(front) = self.pieces.front() {
            let written = match front {
                Piece::File(range) if range.sends_itself::<T>() => {
                    ready!(self.poll_front_held(context))?;
                    ready!(self.poll_send_front(transport, context))?
                }
                _ => match ready!(self.poll_write_memory(transport, context))? {
                    0 => return Poll::Ready(Err(CloseReason::PeerClosed)),
                    sent => sent,
                },
            };
            self.advance(written);
        }
        self.pieces.shrink_to(GATHERED_MAX);
        Pin::new(transport).poll_flush(context).map_err(closed_or_failed)
    }

    /// Ready once the beginning of the range at the front is in memory.
    fn poll_front_held(&mut self, context: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        let Some(Piece::File(range)) = self.pieces.front_mut() else { return Poll::Ready(Ok(())) };
        if range.held > 0 {
            return Poll::Ready(Ok(()));
        }
        let step = range.region.length.min(SEND_STEP);
        if self.reading.is_none() {
            let is_held = range.is_held(step, self.follows_cold || self.read_ahead.is_busy())?;
            self.follows_cold = !is_held;
            if !is_held {
                let beginning = FileRegion { length: step, ..range.region.clone() };
                self.reading = Some(self.read_ahead.begin(beginning));
            }
        }
        if let Some(reading) = &mut self.reading {
            let read = ready!(reading.as_mut().poll(context));
            self.reading = None;
            read?;
        }
        range.held = step;
        Poll::Ready(Ok(()))
    }

    /// Sends of the range at the front what is in memory, as far as the transport takes it.
    fn poll_send_front<T: Transport>(
        &mut self,
        transport: &mut T,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, CloseReason>> {
        let Some(Piece::File(FileRange { region, held })) = self.pieces.front() else {
            return Poll::Ready(Ok(0));
        };
        let sent = ready!(transport.poll_send_file(region, *held, context)).map_err(closed_or_failed)?;
        Poll::Ready(if sent == 0 { Err(CloseReason::FileCut { missing: region.length }) } else { Ok(sent) })
    }

    /// Writes what lies in memory up to the next range that sends itself, or that is not in memory; smaller ranges are
    /// read on the way.
    fn poll_write_memory<T: Transport>(
        &mut self,
        transport: &mut T,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, CloseReason>> {
        let mut count = 0;
        let mut gathered = 0;
        while count < self.pieces.len().min(GATHERED_MAX) && gathered < COPY_STEP {
            if let Piece::File(range) = &self.pieces[count] {
                if range.sends_itself::<T>() {
                    break;
                }
                if !self.copy_range_into_memory(count)? {
                    if count > 0 {
                        break;
                    }
                    ready!(self.poll_front_held(context))?;
                    continue;
                }
            }
            gathered += self.pieces[count].len();
            count += 1;
        }
        let slices: SmallVec<[IoSlice<'_>; 16]> =
            self.pieces.range(..count).filter_map(Piece::slice).collect();
        let before_file =
            matches!(self.pieces.get(count), Some(Piece::File(range)) if range.sends_itself::<T>());
        let written = if before_file {
            transport.poll_write_before_file(&slices, context)
        } else {
            Pin::new(transport).poll_write_vectored(context, &slices)
        };
        written.map_err(closed_or_failed)
    }

    /// Replaces the range at `place`, or a beginning of it, by its bytes. `false`: it is not in memory.
    fn copy_range_into_memory(&mut self, place: usize) -> Result<bool, CloseReason> {
        let Piece::File(FileRange { region, held }) = &mut self.pieces[place] else { return Ok(true) };
        let mut content = vec![0; region.length.min(COPY_STEP)];
        let length = content.len();
        if *held == 0 {
            if !region.file.read_held(&mut content, region.position)? {
                return Ok(false);
            }
        } else {
            let read = region.file.read_at(&mut content, region.position)?;
            if read < length {
                return Err(CloseReason::FileCut { missing: region.length - read });
            }
        }
        let copied = Piece::Bytes(content.into());
        if length == region.length {
            self.pieces[place] = copied;
        } else {
            region.position += length as u64;
            region.length -= length;
            *held = held.saturating_sub(length);
            self.pieces.insert(place, copied);
        }
        Ok(true)
    }

    fn advance(&mut self, mut written: usize) {
        self.unwritten -= written;
        self.written += written as u64;
        while written > 0 {
            let front = self.pieces.front_mut().expect("no more is written than there was");
            let length = front.len();
            if written >= length {
                written -= length;
                self.pieces.pop_front();
                continue;
            }
            match front {
                Piece::Length { sent, .. } => *sent += written,
                Piece::Bytes(bytes) => bytes.advance(written),
                Piece::File(FileRange { region, held }) => {
                    region.position += written as u64;
                    region.length -= written;
                    *held = held.saturating_sub(written);
                }
            }
            return;
        }
    }
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Length { sent, .. } => 4 - sent,
            Self::Bytes(bytes) => bytes.len(),
            Self::File(range) => range.region.length,
        }
    }

    fn slice(&self) -> Option<IoSlice<'_>> {
        match self {
            Self::Length { bytes, sent } => Some(IoSlice::new(&bytes[*sent..])),
            Self::Bytes(bytes) => Some(IoSlice::new(bytes)),
            Self::File(_) => None,
        }
    }
}

impl FileRange {
    /// Whether the range goes by `sendfile`. Only the operating system's files can.
    fn sends_itself<T: Transport>(&self) -> bool {
        T::SENDS_FILES
            && self.region.length >= SENDFILE_MIN
            && matches!(self.region.file, ::io::DiskFile::Real(_))
    }

    /// Whether so many bytes at the range's beginning are in memory. Pages that are on their way there count as held;
    /// where there may be such, the last byte tells whether they have come.
    fn is_held(&self, length: usize, may_be_on_its_way: bool) -> io::Result<bool> {
        let FileRegion { file, position, .. } = &self.region;
        let last = position + (length as u64).saturating_sub(1);
        Ok(file.holds(*position, length) && (!may_be_on_its_way || file.read_held(&mut [0], last)?))
    }
}

/// A failed read or write tells of the peer's end or of the system's.
pub(super) fn closed_or_failed(error: io::Error) -> CloseReason {
    match error.kind() {
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => CloseReason::PeerClosed,
        _ => CloseReason::Io(error),
    }
}
