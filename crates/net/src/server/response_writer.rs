//! Writes responses: pieces of memory gathered into one call, ranges of files without copying.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::io::FileRegion;
use bytes::{Buf, Bytes};
use smallvec::SmallVec;

use super::transport::Transport;
use crate::{Chunk, CloseReason, Response};

/// Below this a file's range is read and written: the two calls of `sendfile` cost more than the copy.
const SENDFILE_MIN: usize = 16 * 1024;

/// A stream that cannot send files gets them in pieces of this size.
const COPY_STEP: usize = 256 * 1024;

/// Pieces gathered into one call.
const GATHERED_MAX: usize = 64;

/// Responses on their way out, in order.
#[derive(Default)]
pub(super) struct ResponseWriter {
    pieces: VecDeque<Piece>,
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
    File(FileRegion),
}

impl ResponseWriter {
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
            Chunk::File(region) => Piece::File(region),
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
                Piece::File(region) if sends_itself::<T>(region) => {
                    let missing = region.length;
                    match ready!(transport.poll_send_file(region, context)).map_err(closed_or_failed)? {
                        0 => return Poll::Ready(Err(CloseReason::FileCut { missing })),
                        sent => sent,
                    }
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

    /// Writes what lies in memory up to the next range that sends itself; smaller ranges are read on the way.
    fn poll_write_memory<T: Transport>(
        &mut self,
        transport: &mut T,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, CloseReason>> {
        let mut count = 0;
        let mut gathered = 0;
        while count < self.pieces.len().min(GATHERED_MAX) && gathered < COPY_STEP {
            if let Piece::File(region) = &self.pieces[count] {
                if sends_itself::<T>(region) {
                    break;
                }
                self.copy_range_into_memory(count)?;
            }
            gathered += self.pieces[count].len();
            count += 1;
        }
        let slices: SmallVec<[IoSlice<'_>; 16]> =
            self.pieces.range(..count).filter_map(Piece::slice).collect();
        let before_file =
            matches!(self.pieces.get(count), Some(Piece::File(region)) if sends_itself::<T>(region));
        let written = if before_file {
            transport.poll_write_before_file(&slices, context)
        } else {
            Pin::new(transport).poll_write_vectored(context, &slices)
        };
        written.map_err(closed_or_failed)
    }

    /// Replaces the range at `place`, or a beginning of it, by its bytes.
    fn copy_range_into_memory(&mut self, place: usize) -> Result<(), CloseReason> {
        let Piece::File(region) = &mut self.pieces[place] else { return Ok(()) };
        let length = region.length.min(COPY_STEP);
        let mut content = vec![0; length];
        let read = region.file.read_at(&mut content, region.position)?;
        if read < length {
            return Err(CloseReason::FileCut { missing: region.length - read });
        }
        let copied = Piece::Bytes(content.into());
        if length == region.length {
            self.pieces[place] = copied;
        } else {
            region.position += length as u64;
            region.length -= length;
            self.pieces.insert(place, copied);
        }
        Ok(())
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
                Piece::File(region) => {
                    region.position += written as u64;
                    region.length -= written;
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
            Self::File(region) => region.length,
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

/// Whether a range goes by `sendfile`. Only the operating system's files can.
fn sends_itself<T: Transport>(region: &FileRegion) -> bool {
    T::SENDS_FILES && region.length >= SENDFILE_MIN && matches!(region.file, ::io::DiskFile::Real(_))
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
