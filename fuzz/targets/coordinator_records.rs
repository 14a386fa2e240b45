//! A log of `__consumer_offsets`, replayed into the shard of the group coordinator; then the shard is asked about all that
//! is there, and its deadlines pass.
//!
//! An input is a sequence of records: a byte of choices (1: a tombstone, 2: of a transaction, 4: its marker follows, 8: which
//! commits), the key's length, the value's length in two bytes, key, value.
#![no_main]

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use group_coordinator::assignors::Assignment;
use group_coordinator::consumer::ConsumerHeartbeat;
use group_coordinator::offsets::FetchOffsets;
use group_coordinator::{GroupRequest, GroupSettings, GroupShard};
use libfuzzer_sys::fuzz_target;
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Uuid};

const SETTINGS: GroupSettings = GroupSettings {
    session_timeout_ms_min: 6_000,
    session_timeout_ms_max: 1_800_000,
    initial_rebalance_delay_ms: 3_000,
    members_max: 2,
    offset_metadata_bytes_max: 4_096,
    offsets_retention_ms: 1_000,
    offsets_retention_check_interval_ms: 600,
    consumer: group_coordinator::consumer::ConsumerSettings::DEFAULT,
};
const PRODUCER: (ProducerId, ProducerEpoch) = (ProducerId(5), ProducerEpoch(0));
/// Times that pass.
const DEADLINES: usize = 20;

fuzz_target!(|input: &[u8]| {
    let mut shard = GroupShard::new(SETTINGS);
    let (mut rest, mut offset) = (input, 0);
    while let [choices, key, high, low, after @ ..] = rest {
        let value = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((bytes, next)) = after.split_at_checked(usize::from(*key) + value) else { break };
        let (key, value) = bytes.split_at(usize::from(*key));
        let value = (choices & 1 == 0).then(|| Bytes::copy_from_slice(value));
        let record = CoordinatorRecord { key: Bytes::copy_from_slice(key), value };
        let transaction = (choices & 2 != 0).then_some(PRODUCER);
        // A malformed record ends the loading of its shard; here the next one has its turn.
        let _ = shard.replay(Written { offset: Offset(offset), transaction }, &record);
        if choices & 4 != 0 {
            shard.replay_end_of_transaction(PRODUCER, choices & 8 != 0);
        }
        (rest, offset) = (next, offset + 1);
    }
    outlive(shard);
});

/// A member that comes to the group, whatever it is.
fn joining(group_id: String) -> ConsumerHeartbeat {
    ConsumerHeartbeat {
        group_id,
        member_id: "comes".to_owned(),
        member_epoch: 0,
        group_instance_id: None,
        rack_id: None,
        rebalance_timeout_ms: Some(1_000),
        subscribed_topics: Some(vec!["t".into()]),
        subscribed_regex: None,
        is_regex_valid: true,
        server_assignor: None,
        owned: Some(Assignment::default()),
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        fresh_id: Uuid::ZERO,
    }
}

fn outlive(mut shard: GroupShard) {
    let mut now = Now { clock_ms: 1_700_000_100_000, uptime_ms: 0 };
    let _ = shard.loaded(LeaderEpoch(0), now);
    for group_id in shard.groups().ids() {
        let group_id = group_id.to_string();
        let fetch =
            FetchOffsets { group_id: group_id.clone(), member: None, partitions: None, require_stable: true };
        let describe = GroupRequest::Describe { group_id: group_id.clone() };
        let describe_consumer = GroupRequest::ConsumerDescribe { group_id: group_id.clone() };
        let join = GroupRequest::ConsumerHeartbeat(Box::new(joining(group_id.clone())));
        for request in [GroupRequest::FetchOffsets(fetch), describe, describe_consumer, join] {
            let step = shard.handle(Token(1), request, now);
            assert_eq!(step.replies.len(), 1);
            for (offset, record) in (1 << 32..).map(Offset).zip(&step.records) {
                let written = Written { offset, transaction: None };
                shard.replay(written, record).expect("what the shard writes it can read");
            }
        }
        let _ = shard.why(&group_id, now);
    }
    for _ in 0..DEADLINES {
        let Some(deadline_ms) = shard.next_deadline_ms() else { break };
        now.clock_ms = now.clock_ms.saturating_add(deadline_ms.saturating_sub(now.uptime_ms).max(0));
        now.uptime_ms = now.uptime_ms.max(deadline_ms);
        let _ = shard.handle_timeout(now);
    }
}
