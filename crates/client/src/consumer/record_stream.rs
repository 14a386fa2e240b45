//! Polls as a stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::consumer::{Consumer, PartitionRecords};
use crate::error::ClientError;

type Polled<'a> = Pin<Box<dyn Future<Output = Result<PartitionRecords, ClientError>> + Send + 'a>>;

/// What a consumer's polls bring; see [`Consumer::stream`]. The application counts as polling while it waits for the next.
pub struct RecordStream<'a> {
    consumer: &'a Consumer,
    polled: Option<Polled<'a>>,
}

impl<'a> RecordStream<'a> {
    pub(super) const fn new(consumer: &'a Consumer) -> Self {
        Self { consumer, polled: None }
    }
}

impl Stream for RecordStream<'_> {
    type Item = Result<PartitionRecords, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let consumer = self.consumer;
        let polled = self.polled.get_or_insert_with(|| Box::pin(consumer.poll()));
        let item = ready!(polled.as_mut().poll(context));
        self.polled = None;
        Poll::Ready(Some(item))
    }
}
