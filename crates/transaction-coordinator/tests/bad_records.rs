//! Records that no coordinator wrote: each is refused or taken as Kafka does and none panics; whatever was taken can be
//! asked about by everybody, and outlives all its deadlines.

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use io::Entropy;
use transaction_coordinator::{
    AbortTimedOut, AddPartitions, Decision, Due, EndTransaction, InitProducerId, ListTransactions,
    MarkersWritten, Transaction, TransactionReply, TransactionRequest, TransactionSettings, TransactionShard,
    VerifyPartitions,
};
use types::{LeaderEpoch, Offset, ProducerId, TransactionVersion};

const SETTINGS: TransactionSettings = TransactionSettings {
    timeout_ms_max: 900_000,
    expiration_ms: 1_000,
    abort_timed_out_interval_ms: 10,
    remove_expired_interval_ms: 600,
    has_two_phase_commit: true,
};
/// Records that Kafka 4.3.1 wrote.
const KAFKA: &str = include_str!("../testdata/transaction-records-4.3.1.tsv");

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hexadecimal") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn kafkas() -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let columns = KAFKA.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    columns.map(|columns| (bytes(columns[1]), (columns[2] != "-").then(|| bytes(columns[2])))).collect()
}

/// Everything that can be asked about a transactional id, by its producer.
fn requests(id: &str, transaction: &Transaction, version: TransactionVersion) -> Vec<TransactionRequest> {
    let (transactional_id, producer) = (id.to_owned(), transaction.producer);
    let partitions = transaction.partitions.clone();
    let end = |decision| {
        TransactionRequest::End(EndTransaction {
            transactional_id: transactional_id.clone(),
            producer,
            decision,
            client_version: version,
            fresh_producer_id: Some(ProducerId(7)),
            server_version: version,
        })
    };
    vec![
        TransactionRequest::Describe { transactional_id: transactional_id.clone() },
        TransactionRequest::List(ListTransactions { longer_than_ms: 5, ..ListTransactions::default() }),
        TransactionRequest::VerifyPartitions(VerifyPartitions {
            transactional_id: transactional_id.clone(),
            producer,
            partitions: partitions.iter().cloned().collect(),
        }),
        TransactionRequest::AbortTimedOut(AbortTimedOut {
            transactional_id: transactional_id.clone(),
            producer,
            fresh_producer_id: Some(ProducerId(6)),
            server_version: version,
        }),
        end(Decision::Commit),
        end(Decision::Abort),
        TransactionRequest::AddPartitions(AddPartitions {
            transactional_id: transactional_id.clone(),
            producer,
            partitions,
            client_version: version,
            server_version: version,
        }),
        TransactionRequest::InitProducerId(InitProducerId {
            transactional_id: transactional_id.clone(),
            timeout_ms: 5,
            is_two_phase_commit: false,
            keeps_prepared: false,
            expected: Some(producer),
            fresh_producer_id: Some(ProducerId(8)),
            server_version: version,
        }),
    ]
}

/// Whether the record was taken.
fn outlives(record: &CoordinatorRecord, order: u64) -> bool {
    let mut shard = TransactionShard::new(SETTINGS);
    if shard.replay(Written { offset: Offset(1), transaction: None }, record).is_err() {
        return false;
    }
    let mut now = Now { clock_ms: 1_700_000_100_000, uptime_ms: 0 };
    let _ = shard.loaded(LeaderEpoch(0), now);
    let version = if order.is_multiple_of(2) { TransactionVersion::V2 } else { TransactionVersion::V0 };
    let known: Vec<_> = shard.transactions().map(|(id, it)| (id.to_owned(), it.clone())).collect();
    for (id, transaction) in &known {
        let _ = shard.why(id, now);
        let mut requests = requests(id, transaction, version);
        let count = requests.len();
        requests.rotate_left(order as usize % count);
        for (token, request) in (0..).zip(requests) {
            let replies = shard.handle(Token(token), request, now).replies;
            assert!(replies.iter().any(|(it, _)| *it == Token(token)));
            write_markers(&mut shard, Token(100 + token), now);
        }
    }
    for _ in 0..20 {
        let Some(deadline_ms) = shard.next_deadline_ms() else { break };
        now.clock_ms = now.clock_ms.saturating_add((deadline_ms - now.uptime_ms).max(0));
        now.uptime_ms = now.uptime_ms.max(deadline_ms);
        let _ = shard.handle_timeout(now);
    }
    true
}

/// Whatever is decided ends.
fn write_markers(shard: &mut TransactionShard, token: Token, now: Now) {
    let step = shard.handle(token, TransactionRequest::AwaitDue { is_anew: true }, now);
    let due = step.replies.into_iter().find(|(it, _)| *it == token);
    let Some((_, TransactionReply::AwaitDue(Due { markers, .. }))) = due else { return };
    for markers in markers {
        let report = MarkersWritten {
            transactional_id: markers.transactional_id,
            handed_out: markers.handed_out,
            partitions: markers.partitions,
            server_version: TransactionVersion::V1,
        };
        let step = shard.handle(Token(0), TransactionRequest::MarkersWritten(report), now);
        let is_written = (Token(0), TransactionReply::MarkersWritten(Ok(true)));
        assert!(step.replies.contains(&is_written), "{:?}", step.replies);
    }
}

#[test]
fn whatever_stands_in_a_log_is_outlived() {
    let (mut taken, mut refused) = (0, 0);
    for (number, (key, value)) in kafkas().into_iter().enumerate() {
        let dice = Entropy::from_seed(number as u64);
        for round in 0..150 {
            let (mut key, mut value) = (key.clone(), value.clone());
            for _ in 0..round % 4 {
                let bytes = match &mut value {
                    Some(value) if dice.below(8) > 0 => value,
                    _ => &mut key,
                };
                let at = dice.below(bytes.len() as u64) as usize;
                match dice.below(4) {
                    0 => bytes[at] = dice.next_u64() as u8,
                    1 => bytes[at] ^= 1 << dice.below(8),
                    2 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, [0, 0x7f, 0x80, 0xff][dice.below(4) as usize]),
                }
            }
            let record = CoordinatorRecord { key: Bytes::from(key), value: value.map(Bytes::from) };
            if outlives(&record, dice.next_u64()) { taken += 1 } else { refused += 1 }
        }
    }
    assert!(taken > 5_000 && refused > 2_000, "{taken} {refused}");
}

#[test]
fn numbers_at_their_ends_are_outlived() {
    let head = |epoch: i16, timeout: i32, state: u8, updated: i64, started: i64| {
        let mut value = vec![0, 1];
        value.extend(i64::MAX.to_be_bytes());
        value.extend(epoch.to_be_bytes());
        value.extend(timeout.to_be_bytes());
        // No partitions.
        value.extend([state, 1]);
        value.extend(updated.to_be_bytes());
        value.extend(started.to_be_bytes());
        value.push(0);
        value
    };
    for epoch in [i16::MIN, -1, i16::MAX - 1, i16::MAX] {
        for timeout in [i32::MIN, -1, 0, i32::MAX] {
            for state in 0..6 {
                for time in [i64::MIN, -1, i64::MAX] {
                    for order in 0..8 {
                        let value = head(epoch, timeout, state, time, time.wrapping_neg());
                        let record = CoordinatorRecord {
                            key: Bytes::from_static(&[0, 0, 0, 1, b'x']),
                            value: Some(Bytes::from(value)),
                        };
                        assert!(outlives(&record, order));
                    }
                }
            }
        }
    }
}
