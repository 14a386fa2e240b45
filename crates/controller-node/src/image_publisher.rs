//! Publishes the committed metadata to everybody on the node.

use std::sync::Arc;

use metadata::MetadataImage;
use tokio::sync::watch;

/// The sending side of the image: replaced as a whole, never changed.
#[derive(Debug)]
pub(crate) struct ImagePublisher {
    sender: watch::Sender<Arc<MetadataImage>>,
}

impl ImagePublisher {
    /// Begins with the empty image, which stands until the first records are committed.
    pub(crate) fn new() -> Self {
        Self { sender: watch::Sender::new(Arc::default()) }
    }

    /// Whoever holds this sees the newest image, and may skip some.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.sender.subscribe()
    }

    /// The newest image.
    pub(crate) fn latest(&self) -> Arc<MetadataImage> {
        Arc::clone(&self.sender.borrow())
    }

    /// Publishes what is committed now. It happens before the replies to the decisions in it leave, so that whoever
    /// was told that a topic exists finds it.
    pub(crate) fn publish(&self, image: Arc<MetadataImage>) {
        self.sender.send_replace(image);
    }
}
