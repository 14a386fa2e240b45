//! Frames in a stream of bytes: four bytes of length, big-endian, then so many bytes.
//!
//! *Invariant:* the buffer never holds more than twice the bytes that arrived, or [`FIRST_STEP`], or what the peer has
//! sent in one frame before (up to [`PROVEN_STEP`], or as a client says); a length that is only announced costs nothing.

use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// Bytes of the length in front of a frame.
pub(crate) const LENGTH_BYTES: usize = 4;

/// A frame whose beginning did not come with its end gets at least this capacity.
const FIRST_STEP: usize = 64 * 1024;

/// A peer that has sent a frame of this size gets the capacity for another one at once.
const PROVEN_STEP: usize = 1024 * 1024;

/// Reads that do not know how much will come use this much of the stack, so that an idle connection holds no buffer.
const STACK_READ: usize = 16 * 1024;

/// A length that no frame here may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Negative.
    #[error("a frame announced the negative length {announced}")]
    Negative {
        /// As sent.
        announced: i32,
    },
    /// Above the limit.
    #[error("a frame announced {announced} bytes, the limit is {limit}")]
    TooLarge {
        /// As sent.
        announced: usize,
        /// The largest length allowed.
        limit: usize,
    },
}

/// Collects the bytes of a stream and hands out frames. The bytes may come cut in any way.
#[derive(Debug)]
pub struct FrameBuffer {
    bytes: BytesMut,
    largest_frame: usize,
    proven_max: usize,
}

impl Default for FrameBuffer {
    fn default() -> Self {
        Self { bytes: BytesMut::new(), largest_frame: 0, proven_max: PROVEN_STEP }
    }
}

impl FrameBuffer {
    /// An empty buffer, which takes no memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer for a peer whose frames were asked for: one that has sent a frame of up to `proven_max` bytes gets the
    /// capacity for another one at once, so that it is not copied while it grows.
    pub(crate) fn with_proven_max(proven_max: usize) -> Self {
        Self { proven_max, ..Self::default() }
    }

    /// Appends bytes that arrived.
    pub fn extend(&mut self, arrived: &[u8]) {
        if self.bytes.is_empty() {
            // Room for the frame that begins here, as far as it may be given.
            let total = announced(arrived).map_or(0, |length| length.saturating_add(LENGTH_BYTES));
            self.bytes = BytesMut::with_capacity(self.step(total, arrived.len()).max(arrived.len()));
        }
        self.bytes.extend_from_slice(arrived);
    }

    /// Takes the first frame out, without its length; `None` while it is incomplete. The frame is a slice of the
    /// buffer, not a copy.
    ///
    /// # Errors
    /// When the length is negative or above `limit`, as soon as the length is there.
    pub fn next_frame(&mut self, limit: usize) -> Result<Option<Bytes>, FrameError> {
        let Some(length) = self.bytes.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = i32::from_be_bytes(*length);
        let length = usize::try_from(length).map_err(|_| FrameError::Negative { announced: length })?;
        if length > limit {
            return Err(FrameError::TooLarge { announced: length, limit });
        }
        let total = LENGTH_BYTES + length;
        if self.bytes.len() < total {
            return Ok(None);
        }
        self.largest_frame = self.largest_frame.max(total);
        // Taking the whole buffer leaves nothing that would keep its memory alive.
        let frame = if self.bytes.len() == total {
            std::mem::take(&mut self.bytes)
        } else {
            self.bytes.split_to(total)
        };
        Ok(Some(frame.freeze().slice(LENGTH_BYTES..)))
    }

    /// Whether no byte waits here.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes that arrived and belong to no frame taken out.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Memory held for bytes that arrived or may arrive.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The length announced for the frame at the front; `None` while that is incomplete.
    pub fn announced(&self) -> Option<usize> {
        announced(&self.bytes)
    }

    /// The capacity that reading on would need, where a frame has been begun that did not come in one small read.
    pub(crate) fn capacity_wanted(&self) -> usize {
        match self.announced() {
            Some(length) => self.step(length.saturating_add(LENGTH_BYTES), self.bytes.len()),
            None => 0,
        }
    }

    /// Reads what the stream has, once; the number of bytes, 0 at the end of the stream.
    pub(crate) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<usize>> {
        let total = self.announced().map_or(0, |length| length.saturating_add(LENGTH_BYTES));
        let missing = total.saturating_sub(self.bytes.len());
        if missing == 0 {
            let mut array = [const { MaybeUninit::<u8>::uninit() }; STACK_READ];
            let mut buffer = ReadBuf::uninit(&mut array);
            ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
            self.extend(buffer.filled());
            return Poll::Ready(Ok(buffer.filled().len()));
        }
        if self.bytes.capacity() == self.bytes.len() {
            self.bytes.reserve(self.step(total, self.bytes.len()) - self.bytes.len());
        }
        // No further than this frame's end: it alone owns its buffer then.
        let mut room = (&mut self.bytes).limit(missing);
        pin!(stream.read_buf(&mut room)).poll(context)
    }

    /// The capacity to hold for a frame of `total` bytes of which `received` are there.
    fn step(&self, total: usize, received: usize) -> usize {
        let proven = self.largest_frame.min(self.proven_max);
        total.min((received * 2).max(FIRST_STEP).max(proven))
    }
}

fn announced(bytes: &[u8]) -> Option<usize> {
    let length = i32::from_be_bytes(*bytes.first_chunk::<LENGTH_BYTES>()?);
    Some(usize::try_from(length).unwrap_or(0))
}
