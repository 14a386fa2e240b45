//! Which topics a group of consumers reads: OffsetDelete and the expiry of offsets ask.

use std::collections::BTreeSet;

use bytes::Bytes;
use protocol::Reader;
use protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use types::TopicName;

use super::ClassicGroup;

/// The protocol type of consumers, whose metadata we can read.
const CONSUMER: &str = "consumer";

impl ClassicGroup {
    /// Whether its members are consumers.
    pub fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// Whether a member reads the topic; for consumers whose subscriptions cannot be read: yes, to be safe.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    /// All members' topics, where they are consumers that say so in the usual form.
    pub(super) fn read_subscriptions(&self) -> Option<BTreeSet<TopicName>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol_name = self.protocol_name.as_deref()?;
        let mut topics = BTreeSet::<TopicName>::new();
        for member in self.members() {
            for topic in read_topics(member.metadata(protocol_name))? {
                if !topics.contains(topic.as_str()) {
                    topics.insert(topic.into());
                }
            }
        }
        Some(topics)
    }
}

/// Topics come first at every version, so that version 0 reads them all.
fn read_topics(metadata: Bytes) -> Option<Vec<String>> {
    let mut reader = Reader::new(metadata);
    let _version = reader.i16().ok()?;
    ConsumerProtocolSubscription::decode(&mut reader, 0).ok().map(|subscription| subscription.topics)
}
