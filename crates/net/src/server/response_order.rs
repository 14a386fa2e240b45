//! Answers of one connection, in the order of their requests.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use crate::{Answer, CloseReason, Response, Waiting};

/// Answers that cannot be written yet, because they, or answers before them, are not there.
#[derive(Default)]
pub(super) struct ResponseOrder {
    slots: VecDeque<Slot>,
    /// Bytes of the responses that are there.
    ready_bytes: usize,
    /// The peer does not listen any more: answers are dropped.
    is_deaf: bool,
}

enum Slot {
    Ready(Response),
    Waiting { api_key: i16, future: Waiting },
}

impl ResponseOrder {
    /// Requests whose answers are not ready to be written.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether every answer has been handed out.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether further answers are dropped, because nobody would get them.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Bytes of responses that wait for their turn.
    pub(super) fn ready_bytes(&self) -> usize {
        self.ready_bytes
    }

    /// Puts the answer of the next request in line; a closing answer is returned instead.
    pub(super) fn push(&mut self, api_key: i16, answer: Answer) -> Result<(), CloseReason> {
        match answer {
            Answer::Close(reason) => return Err(reason),
            Answer::Silent => {}
            _ if self.is_deaf => {}
            Answer::Now(response) => {
                self.ready_bytes += response.len();
                self.slots.push_back(Slot::Ready(response));
            }
            Answer::Later(future) => self.slots.push_back(Slot::Waiting { api_key, future }),
        }
        Ok(())
    }

    /// Frees all that waits: whoever would get the answers is gone. What is ready before the first wait stays.
    pub(super) fn drop_waiting(&mut self) {
        let first = self.slots.iter().position(|slot| matches!(slot, Slot::Waiting { .. }));
        self.truncate(first.unwrap_or(self.slots.len()));
    }

    /// The next response in line, if it is there.
    pub(super) fn pop_ready(&mut self) -> Option<Response> {
        match self.slots.pop_front()? {
            Slot::Ready(response) => {
                self.ready_bytes -= response.len();
                Some(response)
            }
            waiting @ Slot::Waiting { .. } => {
                self.slots.push_front(waiting);
                None
            }
        }
    }

    /// Lets the waits go on: the first always, the others only while fewer than `bytes_max` bytes are ready, so that
    /// answers which cannot be written do not pile up.
    ///
    /// # Errors
    /// When a wait panics; the answers before it stay.
    pub(super) fn poll_waiting(
        &mut self,
        bytes_max: usize,
        context: &mut Context<'_>,
    ) -> Result<(), CloseReason> {
        for (place, slot) in self.slots.iter_mut().enumerate() {
            let Slot::Waiting { api_key, future } = slot else { continue };
            if place > 0 && self.ready_bytes >= bytes_max {
                break;
            }
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(response)) => {
                    self.ready_bytes += response.len();
                    *slot = Slot::Ready(response);
                }
                Err(panic) => {
                    let reason = panicked(*api_key, &*panic);
                    self.truncate(place);
                    return Err(reason);
                }
            }
        }
        Ok(())
    }

    /// Frees all answers from `place` on, and takes no more.
    fn truncate(&mut self, place: usize) {
        self.slots.truncate(place);
        self.ready_bytes = self.slots.iter().map(Slot::ready_bytes).sum();
        self.is_deaf = true;
    }
}

impl Slot {
    fn ready_bytes(&self) -> usize {
        match self {
            Self::Ready(response) => response.len(),
            Self::Waiting { .. } => 0,
        }
    }
}

/// The end of a connection whose handler panicked.
pub(super) fn panicked(api_key: i16, panic: &(dyn std::any::Any + Send)) -> CloseReason {
    let text = panic.downcast_ref::<&str>().copied();
    let detail = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    CloseReason::HandlerPanicked { api_key, detail: detail.to_owned() }
}
