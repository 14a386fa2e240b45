//! A log of `__transaction_state`, replayed into the shard of the transaction coordinator; then all that is there is
//! described, ended by its producer, its markers are written, and deadlines pass.
//!
//! An input is a byte of choices (1: `transaction.version` 2, 2: commits) and a sequence of records: a byte (1: a
//! tombstone), the key's length, the value's length in two bytes, key, value.
#![no_main]

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use libfuzzer_sys::fuzz_target;
use transaction_coordinator::{
    Decision, EndTransaction, MarkersWritten, TransactionReply, TransactionRequest, TransactionSettings,
    TransactionShard,
};
use types::{LeaderEpoch, Offset, ProducerId, TransactionVersion};

const SETTINGS: TransactionSettings = TransactionSettings {
    timeout_ms_max: 900_000,
    expiration_ms: 1_000,
    abort_timed_out_interval_ms: 10,
    remove_expired_interval_ms: 600,
    has_two_phase_commit: true,
};
/// Times that pass.
const DEADLINES: usize = 20;

fuzz_target!(|input: &[u8]| {
    let Some((choices, mut rest)) = input.split_first() else { return };
    let mut shard = TransactionShard::new(SETTINGS);
    let mut offset = 0;
    while let [kind, key, high, low, after @ ..] = rest {
        let value = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((bytes, next)) = after.split_at_checked(usize::from(*key) + value) else { break };
        let (key, value) = bytes.split_at(usize::from(*key));
        let value = (kind & 1 == 0).then(|| Bytes::copy_from_slice(value));
        let record = CoordinatorRecord { key: Bytes::copy_from_slice(key), value };
        // A malformed record ends the loading of its shard; here the next one has its turn.
        let _ = shard.replay(Written { offset: Offset(offset), transaction: None }, &record);
        (rest, offset) = (next, offset + 1);
    }
    let version = if choices & 1 != 0 { TransactionVersion::V2 } else { TransactionVersion::V0 };
    let decision = if choices & 2 != 0 { Decision::Commit } else { Decision::Abort };
    outlive(shard, version, decision);
});

fn outlive(mut shard: TransactionShard, version: TransactionVersion, decision: Decision) {
    let mut now = Now { clock_ms: 1_700_000_100_000, uptime_ms: 0 };
    let _ = shard.loaded(LeaderEpoch(0), now);
    let known: Vec<_> = shard.transactions().map(|(id, it)| (id.to_owned(), it.producer)).collect();
    for (transactional_id, producer) in known {
        let _ = shard.why(&transactional_id, now);
        let end = TransactionRequest::End(EndTransaction {
            transactional_id: transactional_id.clone(),
            producer,
            decision,
            client_version: version,
            fresh_producer_id: Some(ProducerId(7)),
            server_version: version,
        });
        for request in [TransactionRequest::Describe { transactional_id }, end] {
            assert_eq!(shard.handle(Token(1), request, now).replies.len(), 1);
        }
    }
    let replies = shard.handle(Token(2), TransactionRequest::AwaitDue { is_anew: true }, now).replies;
    for reply in replies {
        let (Token(2), TransactionReply::AwaitDue(due)) = reply else { panic!("{reply:?}") };
        for markers in due.markers {
            let report = TransactionRequest::MarkersWritten(MarkersWritten {
                transactional_id: markers.transactional_id,
                handed_out: markers.handed_out,
                partitions: markers.partitions,
                server_version: version,
            });
            let replies = shard.handle(Token(3), report, now).replies;
            assert_eq!(replies, [(Token(3), TransactionReply::MarkersWritten(Ok(true)))]);
        }
    }
    for _ in 0..DEADLINES {
        let Some(deadline_ms) = shard.next_deadline_ms() else { break };
        now.clock_ms = now.clock_ms.saturating_add(deadline_ms.saturating_sub(now.uptime_ms).max(0));
        now.uptime_ms = now.uptime_ms.max(deadline_ms);
        let _ = shard.handle_timeout(now);
    }
}
