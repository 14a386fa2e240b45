//! Writes a compacted log and cleans it, for Apache Kafka's tools to judge: `cleaned DIRECTORY`, where the directory is
//! named like a partition (`topic-0`). Keys and values say what should be there: of each key the largest number, none of
//! those that were aborted, and each codec.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use config::TopicConfig;
use io::{Disk, Entropy};
use log::cleaner::CleanerSettings;
use log::{AppendContext, AppendOrigin, Log, OpenOptions};
use record::control_batch::{self, MarkerOwner};
use record::{BatchBuilder, BatchOptions, Codec, Compression, ControlRecordType};
use types::{LeaderEpoch, ProducerEpoch, ProducerId, Sequence};

const NOW_MS: i64 = 1_700_000_000_000;
const EPOCH: LeaderEpoch = LeaderEpoch(0);

fn main() -> anyhow::Result<()> {
    let path = PathBuf::from(std::env::args().nth(1).context("usage: cleaned DIRECTORY")?);
    let mut config =
        TopicConfig { segment_bytes: 4_000, index_interval_bytes: 500, ..TopicConfig::default() };
    config.cleanup_policy.compact = true;
    config.cleanup_policy.delete = false;
    let options = OpenOptions::new(Arc::new(config), Entropy::from_seed(1), NOW_MS);
    let log = Arc::new(Log::open(Disk::Real, path, options, &mut |_| {})?);
    let (mut committed, mut aborted) = (0, 0);
    for round in 0..40 {
        let codec = Compression::of(Codec::ALL[round % Codec::ALL.len()]);
        let plain = BatchOptions { compression: codec, ..BatchOptions::default() };
        put(&log, plain, round, &["a", "b", "unique"], false)?;
        put(&log, of_producer(1, &mut committed, codec), round, &["c", "a"], false)?;
        end(&log, 1, ControlRecordType::Commit)?;
        put(&log, of_producer(2, &mut aborted, codec), 1_000 + round, &["a", "never"], false)?;
        end(&log, 2, ControlRecordType::Abort)?;
        put(&log, plain, round, &["gone"], round % 3 == 0)?;
        log.maybe_increment_high_watermark(log.log_end_offset());
    }
    log.roll(NOW_MS)?;
    for _ in 0..2 {
        let range = log.cleanable(NOW_MS)?;
        let cleaning = log.begin_cleaning(range, CleanerSettings::default(), NOW_MS);
        println!("{:?}", cleaning.context("a cleaning is under way")?.run()?);
    }
    Ok(log.close()?)
}

fn of_producer(id: i64, sequence: &mut i32, compression: Compression) -> BatchOptions {
    let base_sequence = Sequence(*sequence);
    *sequence += 2;
    BatchOptions {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(0),
        base_sequence,
        transactional: true,
        compression,
        ..BatchOptions::default()
    }
}

fn put(
    log: &Log,
    options: BatchOptions,
    round: usize,
    keys: &[&str],
    is_tombstone: bool,
) -> anyhow::Result<()> {
    let (id, epoch, sequence) = (options.producer_id, options.producer_epoch, options.base_sequence.0);
    let is_transactional = options.transactional;
    let guard =
        is_transactional.then(|| log.start_transaction_verification(id, epoch, sequence, false, NOW_MS));
    let mut builder = BatchBuilder::new(options)?;
    for key in keys {
        let key = if *key == "unique" { format!("unique-{round}") } else { (*key).to_owned() };
        let value = format!("{round} {}", "x".repeat(40));
        let value = (!is_tombstone).then_some(value.as_bytes());
        builder.append(NOW_MS + round as i64, Some(key.as_bytes()), value, &[])?;
    }
    let context = AppendContext { guard: guard.flatten(), ..AppendContext::client(EPOCH, NOW_MS) };
    log.append_as_leader(builder.build()?.context("records were appended")?, context)?;
    Ok(())
}

fn end(log: &Log, id: i64, kind: ControlRecordType) -> anyhow::Result<()> {
    let owner =
        MarkerOwner { producer_id: ProducerId(id), producer_epoch: ProducerEpoch(0), coordinator_epoch: 0 };
    let marker = control_batch::end_transaction(kind, owner, NOW_MS)?;
    log.append_as_leader(marker, AppendContext::of(AppendOrigin::Coordinator, EPOCH, NOW_MS))?;
    Ok(())
}
