//! One connection: one task that reads frames, has them served one after the other, and writes the answers in order.
//!
//! The task alternates between two waits: for the next frame, and for the call of its request. During both, answers
//! are written, waits go on, and the peer's end is noticed. A call that has begun is always brought to its end.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use protocol::{DecodeError, Reader};
use tokio::time::Instant;

use super::budget::Lease;
use super::connection_registry::{Ending, Registration};
use super::idle::Pace;
use super::response_order::{ResponseOrder, panicked};
use super::response_writer::{ResponseWriter, closed_or_failed};
use super::transport::Transport;
use super::{ListenerCounters, Shared};
use crate::frame::{FrameBuffer, LENGTH_BYTES};
use crate::{Answer, CloseReason, ConnectionContext, Request, Service};

pub(super) struct Connection<T, S> {
    transport: T,
    service: Arc<S>,
    context: Arc<ConnectionContext>,
    server: Arc<Shared>,
    counters: Arc<ListenerCounters>,
    registration: Registration,
    frames: FrameBuffer,
    /// What the frame being read has paid for its buffer.
    lease: Lease,
    answers: ResponseOrder,
    writer: ResponseWriter,
    pace: Pace,
    /// A request of this connection has been accepted by the service.
    is_trusted: bool,
}

type Ended = CloseReason;

impl<T: Transport, S: Service> Connection<T, S> {
    pub(super) fn new(
        transport: T,
        context: Arc<ConnectionContext>,
        service: Arc<S>,
        server: Arc<Shared>,
        counters: Arc<ListenerCounters>,
    ) -> Self {
        Self {
            transport,
            service,
            registration: server.registry.enter(&context),
            frames: FrameBuffer::new(),
            lease: Lease::default(),
            answers: ResponseOrder::default(),
            writer: ResponseWriter::new(server.read_ahead.clone()),
            pace: Pace::new(&server.settings),
            is_trusted: false,
            context,
            server,
            counters,
        }
    }

    /// Serves until the connection ends; says why it did.
    pub(super) async fn run(&mut self) -> CloseReason {
        let reason = self.serve_requests().await;
        match &reason {
            // Those who still listen get the answers to what came before.
            CloseReason::Refused { .. }
            | CloseReason::Frame(_)
            | CloseReason::MalformedHeader { .. }
            | CloseReason::HandlerPanicked { .. }
            | CloseReason::Shutdown => {}
            // Perhaps the peer closed only its side: what is ready is offered, nothing is waited for.
            CloseReason::PeerClosed => self.answers.drop_waiting(),
            CloseReason::Idle { .. }
            | CloseReason::SlowFrame { .. }
            | CloseReason::FileCut { .. }
            | CloseReason::Evicted
            | CloseReason::Io(_) => return reason,
        }
        match poll_fn(|context| self.poll_last_answers(context)).await {
            // What ended the last answers is of interest only where nothing else ended the connection.
            Err(after @ (CloseReason::FileCut { .. } | CloseReason::HandlerPanicked { .. })) => after,
            _ => reason,
        }
    }

    async fn serve_requests(&mut self) -> Ended {
        loop {
            let ended = match poll_fn(|context| self.poll_frame(context)).await {
                Ok(frame) => self.serve(frame).await,
                Err(ended) => Err(ended),
            };
            if let Err(ended) = ended {
                return ended;
            }
        }
    }

    /// Waits for the next request that may start, while answers go out.
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Ended>> {
        loop {
            if let Poll::Ready(ended) = self.poll_ending(context) {
                return Poll::Ready(Err(ended));
            }
            self.poll_answers(context)?;
            if self.may_start() {
                if let Some(frame) = self.frames.next_frame(self.frame_limit())? {
                    self.pace.frame_over();
                    return Poll::Ready(Ok(frame));
                }
                if self.poll_fill(context)?.is_ready() {
                    continue;
                }
            } else {
                self.pace.frame_over();
                if self.poll_fill_ahead(context)?.is_ready() {
                    continue;
                }
            }
            let partial = || (self.frames.announced().unwrap_or(0), self.frames.len());
            return self.pace.poll_late(partial, context).map(Err);
        }
    }

    /// Has one request served, to the end of its side effects.
    async fn serve(&mut self, frame: Bytes) -> Result<(), Ended> {
        // Given back when the request has taken effect.
        let _lease = std::mem::take(&mut self.lease);
        self.counters.request_read(frame.len() + LENGTH_BYTES);
        let request = self.request(frame)?;
        let api_key = request.header.api_key;
        let service = self.service.clone();
        // In a box: a connection that waits for its next request holds no room for a call.
        let mut call = Box::pin(async move { service.call(request).await });
        let mut ended = None;
        let answer = poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)))
                .unwrap_or_else(|panic| Poll::Ready(Answer::Close(panicked(api_key, &*panic))));
            if polled.is_pending() && ended.is_none() {
                ended = self.poll_beside_call(context).err();
            }
            polled
        })
        .await;
        self.answers.push(api_key, answer)?;
        self.is_trusted = true;
        ended.map_or(Ok(()), Err)
    }

    fn request(&self, frame: Bytes) -> Result<Request, Ended> {
        let mut reader = Reader::new(frame);
        let header = protocol::frame::decode_request_header(&mut reader)
            .map_err(|error: DecodeError| CloseReason::MalformedHeader { detail: error.to_string() })?;
        let connection = self.context.clone();
        Ok(Request { header, body: reader.rest(), connection, received_at: Instant::now() })
    }

    /// What goes on while a call does.
    fn poll_beside_call(&mut self, context: &mut Context<'_>) -> Result<(), Ended> {
        self.poll_answers(context)?;
        while self.frames.is_empty() && self.poll_read(context)?.is_ready() {}
        Ok(())
    }

    /// What is left to do after the last request: write, and see whether anybody still listens.
    fn poll_last_answers(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        self.poll_answers(context)?;
        if self.answers.is_empty() && self.writer.unwritten() == 0 {
            // Not waited for: a peer that does not take it gets no more of our time.
            let _ = Pin::new(&mut self.transport).poll_shutdown(context);
            return Poll::Ready(Ok(()));
        }
        self.pace.frame_over();
        if let Poll::Ready(Ending::Evict) = self.registration.poll_ending(context) {
            return Poll::Ready(Err(CloseReason::Evicted));
        }
        if self.transport.poll_peer_closed(context).is_ready() {
            self.answers.drop_waiting();
            self.poll_answers(context)?;
            if self.answers.is_empty() && self.writer.unwritten() == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        self.pace.poll_late(|| (0, 0), context).map(Err)
    }

    fn poll_ending(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        self.registration.poll_ending(context).map(|ending| match ending {
            Ending::Evict => CloseReason::Evicted,
            Ending::Finish => CloseReason::Shutdown,
        })
    }

    /// Lets waits go on and writes what is ready, as far as the peer takes it.
    fn poll_answers(&mut self, context: &mut Context<'_>) -> Result<(), Ended> {
        loop {
            let room = self.server.settings.unwritten_bytes_max.saturating_sub(self.writer.unwritten());
            self.answers.poll_waiting(room, context)?;
            while let Some(response) = self.answers.pop_ready() {
                self.counters.response_begun();
                self.writer.push(response)?;
            }
            let written_before = self.writer.written();
            let written = self.writer.poll_write(&mut self.transport, context);
            let progress = self.writer.written() - written_before;
            if progress > 0 {
                self.counters.response_written(progress);
                self.bytes_moved();
            }
            match written {
                // What was written may have made room for waits that were not let on.
                Poll::Ready(result) if progress == 0 || result.is_err() => return result,
                Poll::Ready(_) => {}
                Poll::Pending => return Ok(()),
            }
        }
    }

    /// Whether the next request may start.
    fn may_start(&self) -> bool {
        let settings = &self.server.settings;
        self.answers.len() < settings.pipelined_requests_max.max(1)
            && self.writer.unwritten() + self.answers.ready_bytes() <= settings.unwritten_bytes_max
    }

    fn frame_limit(&self) -> usize {
        let settings = &self.server.settings;
        if self.is_trusted { settings.request_bytes_max } else { settings.first_request_bytes_max }
    }

    /// Reads on at the frame at the front, once there is memory for it.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Ended> {
        self.transport.forget_peer_closed();
        let wanted = self.frames.capacity_wanted();
        if self.lease.poll_raise(&self.server.budget, wanted, context).is_pending() {
            // We make the peer wait, not the peer us.
            self.pace.frame_over();
            return Ok(Poll::Pending);
        }
        if !self.frames.is_empty() {
            self.pace.frame_bytes(0, !self.is_trusted);
        }
        self.poll_read(context)
    }

    /// Reads a little ahead while no request may start, so that the peer's end is noticed. Ready when something
    /// changed.
    fn poll_fill_ahead(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Ended> {
        if self.frames.is_empty() {
            return self.poll_read(context);
        }
        if self.answers.is_deaf() || self.transport.poll_peer_closed(context).is_pending() {
            return Ok(Poll::Pending);
        }
        // Requests that came before the end still take effect; nobody waits for their answers.
        self.answers.drop_waiting();
        Ok(Poll::Ready(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Ended> {
        let Poll::Ready(read) = self.frames.poll_read(&mut self.transport, context) else {
            return Ok(Poll::Pending);
        };
        let read = read.map_err(closed_or_failed)?;
        if read == 0 {
            return Err(CloseReason::PeerClosed);
        }
        self.bytes_moved();
        self.pace.frame_bytes(read, !self.is_trusted);
        Ok(Poll::Ready(()))
    }

    fn bytes_moved(&mut self) {
        self.registration.used(self.pace.bytes_moved());
    }
}

impl<T, S> Drop for Connection<T, S> {
    fn drop(&mut self) {
        self.server.registry.remove(self.context.id);
    }
}
