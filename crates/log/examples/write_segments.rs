//! Writes a log for Apache Kafka's own tools to look at:
//! `cargo run -p log --example write_segments DIRECTORY`, then
//! `kafka-dump-log --deep-iteration --files` on what is there.

use std::path::PathBuf;
use std::sync::Arc;

use config::TopicConfig;
use io::{Disk, Entropy};
use log::{AppendContext, AppendOrigin, Log, OpenOptions};
use record::control_batch::{self, MarkerOwner};
use record::{BatchBuilder, BatchOptions, Codec, Compression, ControlRecordType};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

const NOW_MS: i64 = 1_700_000_000_000;

fn main() -> anyhow::Result<()> {
    let directory =
        std::env::args().nth(1).ok_or_else(|| anyhow::anyhow!("the directory to write to is missing"))?;
    let config = TopicConfig { segment_bytes: 20_000, index_interval_bytes: 500, ..TopicConfig::default() };
    let options = OpenOptions::new(Arc::new(config), Entropy::from_seed(1), NOW_MS);
    options.settings.transaction_verification.set(false);
    let log = Log::open(Disk::Real, PathBuf::from(directory), options, &mut |_| {})?;
    let context = AppendContext::client(LeaderEpoch(3), NOW_MS);
    for number in 0..200 {
        let plain =
            BatchOptions { compression: Compression::of(Codec::ALL[number % 5]), ..BatchOptions::default() };
        log.append_as_leader(batch(plain, number)?, context)?;
        let in_transaction = BatchOptions {
            producer_id: ProducerId(number as i64 % 3),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(number as i32 / 3 * 5),
            transactional: true,
            ..plain
        };
        log.append_as_leader(batch(in_transaction, number)?, context)?;
        if number % 4 == 0 {
            let owner = MarkerOwner {
                producer_id: in_transaction.producer_id,
                producer_epoch: in_transaction.producer_epoch,
                coordinator_epoch: 1,
            };
            let kind = if number % 8 == 0 { ControlRecordType::Abort } else { ControlRecordType::Commit };
            let marker = control_batch::end_transaction(kind, owner, NOW_MS + number as i64)?;
            log.append_as_leader(marker, AppendContext { origin: AppendOrigin::Coordinator, ..context })?;
        }
        log.maybe_increment_high_watermark(Offset(i64::MAX));
    }
    log.close()?;
    println!("{} segments up to offset {}", log.segment_count(), log.log_end_offset());
    Ok(())
}

fn batch(options: BatchOptions, number: usize) -> anyhow::Result<bytes::Bytes> {
    let mut builder = BatchBuilder::new(options)?;
    for record in 0..5 {
        let key = format!("key-{number}-{record}");
        let value =
            format!("a value that is long enough to be worth compressing, number {number}, record {record}");
        let timestamp = NOW_MS + (number * 10 + record) as i64;
        builder.append(timestamp, Some(key.as_bytes()), Some(value.as_bytes()), &[])?;
    }
    builder.build()?.ok_or_else(|| anyhow::anyhow!("five records make a batch"))
}
