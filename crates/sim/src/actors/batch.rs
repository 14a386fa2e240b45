//! A batch of a producer: its bytes, and what its book says of it.

use std::rc::Rc;

use bytes::Bytes;
use io::Entropy;
use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::messages::produce_response::{PartitionProduceResponse, ProduceResponse};
use record::{BatchBuilder, BatchOptions, Codec, Compression, HeaderRef};
use types::{ProducerEpoch, ProducerId, Sequence, Uuid};

use crate::invariants::Seen;
use crate::keyed::{Keyed, TEXT_HEADER, keyed};
use crate::world::World;

/// Keys of a compacted partition.
const KEYS: u64 = 5;

/// A batch for one partition.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) topic: Uuid,
    pub(super) name: String,
    pub(super) partition: i32,
    pub(super) values: Vec<String>,
    timestamp: i64,
    bytes: Bytes,
}

/// Whose a batch is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) producer_id: i64,
    pub(super) base_sequence: i32,
}

impl Batch {
    /// A batch for a partition that is drawn, which is noted as sent; `None` while there is no topic. `number` counts the
    /// producer's records, and `sender` says under which sequence they go.
    pub(super) fn draw(
        world: &Rc<World>,
        entropy: &Entropy,
        producer: &str,
        number: &mut u64,
        sender: impl FnOnce(Uuid, i32) -> Option<Sender>,
    ) -> Option<Self> {
        let mut book = world.book.borrow_mut();
        let present = book.present();
        let (topic, name, partitions) = present.get(entropy.below(present.len() as u64) as usize)?.clone();
        let partition = entropy.below(partitions as u64) as i32;
        let is_keyed = book.topics[&topic].kind.compaction.is_some();
        let timestamp = world.clock.now_ms();
        let count = 1 + entropy.below(4);
        let values: Vec<String> = (0..count)
            .map(|_| {
                *number += 1;
                let padding = if entropy.below(4) == 0 { entropy.below(800) } else { entropy.below(40) };
                let key = match (is_keyed, entropy.below(5)) {
                    (false, _) => String::new(),
                    (true, 0) => return format!("{producer}-{number}-k{}!-", entropy.below(KEYS)),
                    (true, _) => format!("k{}-", entropy.below(KEYS)),
                };
                format!("{producer}-{number}-{key}{}", "x".repeat(padding as usize))
            })
            .collect();
        for value in &values {
            book.sends(&name, partition, value, timestamp);
        }
        let bytes = build(&values, timestamp, sender(topic, partition), codec(entropy));
        Some(Self { topic, name, partition, values, timestamp, bytes })
    }

    pub(super) fn request(&self, acks: i16) -> ProduceRequest {
        ProduceRequest {
            acks,
            timeout_ms: 5_000,
            topic_data: vec![TopicProduceData {
                name: self.name.clone(),
                topic_id: self.topic,
                partition_data: vec![PartitionProduceData {
                    index: self.partition,
                    records: Some(self.bytes.clone()),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    /// The batch was acknowledged at an offset: noted, unless its topic is gone.
    pub(super) fn acknowledged(&self, world: &World, base_offset: i64) {
        let mut book = world.book.borrow_mut();
        if book.is_deleted(self.topic) {
            return;
        }
        world.counts.borrow_mut().records_acknowledged += self.values.len() as u64;
        for (offset, value) in (base_offset..).zip(&self.values) {
            let seen = Seen { offset, timestamp: self.timestamp, value: value.clone() };
            if let Err(violation) = book.acknowledged(self.topic, self.partition, &seen) {
                world.fail(violation);
            }
        }
    }

    pub(super) fn place(&self) -> String {
        format!("{}-{}", self.name, self.partition)
    }
}

/// The one partition of an answer.
pub(super) fn only_partition(response: &ProduceResponse) -> Option<&PartitionProduceResponse> {
    response.responses.first()?.partition_responses.first()
}

fn codec(entropy: &Entropy) -> Compression {
    match entropy.below(12) {
        0 => Compression::of(Codec::Gzip),
        1 => Compression::of(Codec::Snappy),
        2 => Compression::of(Codec::Lz4),
        3 => Compression::of(Codec::Zstd),
        _ => Compression::None,
    }
}

fn build(values: &[String], timestamp: i64, sender: Option<Sender>, compression: Compression) -> Bytes {
    let mut options = BatchOptions { compression, ..BatchOptions::default() };
    if let Some(sender) = sender {
        options.producer_id = ProducerId(sender.producer_id);
        options.producer_epoch = ProducerEpoch(0);
        options.base_sequence = Sequence(sender.base_sequence);
    }
    let mut builder = BatchBuilder::new(options).expect("the codec's own level exists");
    for value in values {
        let key = keyed(value);
        let text = HeaderRef { key: TEXT_HEADER, value: Some(value.as_bytes()) };
        let (value, headers) = match key {
            Some(Keyed { is_tombstone: true, .. }) => (None, &[text][..]),
            _ => (Some(value.as_bytes()), &[][..]),
        };
        let key = key.map(|keyed| keyed.key.as_bytes());
        builder.append(timestamp, key, value, headers).expect("a small record fits a batch");
    }
    builder.build().expect("memory takes the batch").expect("there is a record at least")
}
