//! Records that no coordinator wrote: each is refused or taken as Kafka does, none panics, none takes memory beyond its
//! own length; and whatever was taken can be asked about and outlives all its deadlines.

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use group_coordinator::offsets::FetchOffsets;
use group_coordinator::{GroupReply, GroupRequest, GroupSettings, GroupShard};
use io::Entropy;
use protocol::records::group_metadata_value::{GroupMetadataValue, MemberMetadata};
use protocol::{Message, Writer};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

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
/// Keys and values that Kafka 4.3.1 wrote.
const KAFKA: &str = include_str!("../testdata/group-metadata-4.3.1.hex");
/// What a record may take for each of its bytes: a member of the fewest bytes is a struct of strings and alarms.
const BYTES_PER_BYTE: u64 = 64;
/// A shard, a group and its first member, whatever their records' lengths.
const BYTES_AT_LEAST: u64 = 4_096;

fn bytes(hex: &str) -> Bytes {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hexadecimal") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A group's record, and a commit's, as Kafka writes them.
fn seeds() -> Vec<CoordinatorRecord> {
    let groups = KAFKA.lines().filter_map(|line| {
        let (key, value) = line.split_once(' ')?;
        let value = (value != "-").then(|| bytes(value));
        Some(CoordinatorRecord { key: bytes(key), value })
    });
    let commit = CoordinatorRecord {
        key: bytes("0001000167000174 00000003".replace(' ', "").as_str()),
        value: Some(bytes("0003000000000000002a0000000700000000018bcfe56800")),
    };
    groups.chain([commit]).chain(modern()).collect()
}

fn replayed(record: &CoordinatorRecord) -> Result<GroupShard, String> {
    let mut shard = GroupShard::new(SETTINGS);
    let written = Written { offset: Offset(1), transaction: None };
    shard.replay(written, record).map_err(|error| error.to_string()).map(|()| shard)
}

fn record(key: &'static [u8], value: Option<&'static [u8]>) -> CoordinatorRecord {
    CoordinatorRecord { key: Bytes::from_static(key), value: value.map(Bytes::from_static) }
}

/// The record types of newer protocols, each with the shortest key and value that Kafka's schemas allow.
fn modern() -> Vec<CoordinatorRecord> {
    fn encoded<M: Message>(first: i16) -> Bytes {
        let mut writer = Writer::new();
        writer.i16(first);
        M::default().encode(&mut writer, 0).expect("the default fits version 0");
        writer.into_bytes()
    }
    /// The type's number, whether it is a key, and how it is written.
    type Part = (i16, bool, fn(i16) -> Bytes);
    macro_rules! parts_of_groups {
        ($(($kind:literal, $number:literal, $message:ty))*) => {{
            let all: &[(&str, i16, fn(i16) -> Bytes)] = &[$(($kind, $number, encoded::<$message>)),*];
            let of_groups = all.iter().filter(|(kind, ..)| kind.starts_with("group-"));
            of_groups.map(|(kind, number, encoded)| (*number, *kind == "group-key", *encoded)).collect()
        }};
    }
    let parts: Vec<Part> = protocol::for_every_message!(parts_of_groups);
    let part = |number, is_key| parts.iter().find(|part| (part.0, part.1) == (number, is_key));
    let record = |number| {
        let ((.., key), (.., value)) = (part(number, true)?, part(number, false)?);
        Some(CoordinatorRecord { key: key(number), value: Some(value(0)) })
    };
    let records: Vec<CoordinatorRecord> = (3..=23).filter_map(record).collect();
    assert_eq!(records.len(), 19, "but for 9 and 18");
    records
}

#[test]
fn a_record_of_a_newer_protocol_is_read_whole_or_ends_the_loading() {
    for whole in modern() {
        let CoordinatorRecord { key, value: Some(value) } = &whole else { panic!("a value") };
        assert!(replayed(&whole).is_ok(), "{whole:?}");
        assert!(replayed(&CoordinatorRecord { key: key.clone(), value: None }).is_ok(), "{whole:?}");
        for end in 0..value.len() {
            let cut = CoordinatorRecord { key: key.clone(), value: Some(value.slice(..end)) };
            assert!(replayed(&cut).is_err(), "{end} bytes of the value of {whole:?}");
        }
        for end in 0..key.len() {
            for value in [None, Some(value.clone())] {
                let cut = CoordinatorRecord { key: key.slice(..end), value };
                assert!(replayed(&cut).is_err(), "{end} bytes of the key of {whole:?}");
            }
        }
        for version in [1, 255] {
            let value = [&[0, version][..], &value[2..]].concat();
            let newer = CoordinatorRecord { key: key.clone(), value: Some(value.into()) };
            assert!(replayed(&newer).is_err(), "version {version} of {whole:?}");
        }
    }
}

/// A record of the group `g`, and of the member `m` where it is about one.
fn with_value(number: u8, is_of_member: bool, value: &impl Message) -> CoordinatorRecord {
    let member = if is_of_member { &[0, 1, b'm'][..] } else { &[] };
    let mut writer = Writer::new();
    writer.i16(0);
    value.encode(&mut writer, 0).expect("the value fits version 0");
    let key = [&[0, number, 0, 1, b'g'], member].concat();
    CoordinatorRecord { key: key.into(), value: Some(writer.into_bytes()) }
}

#[test]
fn a_value_that_names_twice_what_kafka_makes_a_map_of_ends_the_loading() {
    use protocol::records::{
        consumer_group_current_member_assignment_value as current,
        consumer_group_target_assignment_member_value as target,
        share_group_current_member_assignment_value as share_current,
        share_group_state_partition_metadata_value as share_state,
        share_group_target_assignment_member_value as share_target,
        streams_group_member_metadata_value as streams_member, streams_group_metadata_value as streams,
        streams_group_target_assignment_member_value as tasks, streams_group_topology_value as topology,
    };
    fn records(times: usize) -> Vec<CoordinatorRecord> {
        let topic_partitions = vec![Default::default(); times];
        let assigned =
            target::ConsumerGroupTargetAssignmentMemberValue { topic_partitions, ..Default::default() };
        let shared = share_target::ShareGroupTargetAssignmentMemberValue {
            topic_partitions: vec![Default::default(); times],
            ..Default::default()
        };
        let has_shared = share_current::ShareGroupCurrentMemberAssignmentValue {
            assigned_partitions: vec![Default::default(); times],
            ..Default::default()
        };
        let initialized = share_state::ShareGroupStatePartitionMetadataValue {
            initialized_topics: vec![Default::default(); times],
            ..Default::default()
        };
        let configured = streams::StreamsGroupMetadataValue {
            last_assignment_configs: Some(vec![Default::default(); times]),
            ..Default::default()
        };
        let tagged = streams_member::StreamsGroupMemberMetadataValue {
            client_tags: vec![Default::default(); times],
            ..Default::default()
        };
        let standing_by = tasks::StreamsGroupTargetAssignmentMemberValue {
            standby_tasks: vec![Default::default(); times],
            ..Default::default()
        };
        let divided = topology::StreamsGroupTopologyValue {
            subtopologies: vec![Default::default(); times],
            ..Default::default()
        };
        vec![
            with_value(7, true, &assigned),
            with_value(13, true, &shared),
            with_value(14, true, &has_shared),
            with_value(15, false, &initialized),
            with_value(17, false, &configured),
            with_value(19, true, &tagged),
            with_value(21, true, &standing_by),
            with_value(23, false, &divided),
        ]
    }
    for (once, twice) in records(1).iter().zip(&records(2)) {
        assert!(replayed(once).is_ok(), "{once:?}");
        assert!(replayed(twice).is_err(), "{twice:?}");
    }
    // Of these Kafka takes the last.
    let has = current::ConsumerGroupCurrentMemberAssignmentValue {
        assigned_partitions: vec![Default::default(); 2],
        ..Default::default()
    };
    assert!(replayed(&with_value(8, true, &has)).is_ok());
}

#[test]
fn a_record_of_an_unknown_type_is_skipped_and_a_malformed_one_ends_the_loading() {
    let skipped = [record(&[0, 99], Some(&[])), record(&[0, 24, 255], None), record(&[255, 255], None)];
    for record in skipped {
        assert!(replayed(&record).is_ok(), "{record:?}");
    }
    let malformed = [
        record(&[], None),
        record(&[0], Some(&[0, 0])),
        record(&[0, 1], None),
        record(&[0, 1, 0, 1, b'g', 0, 1, b't', 0, 0], None),
        record(&[0, 1, 0, 1, b'g', 0, 1, b't', 0, 0, 0, 0], Some(&[])),
        record(&[0, 1, 0, 1, b'g', 0, 1, b't', 0, 0, 0, 0], Some(&[0, 9])),
        record(&[0, 2, 255, 255], None),
        record(&[0, 2, 0, 1, b'g'], Some(&[0, 5])),
        record(&[0, 2, 0, 1, b'g'], Some(&[0, 3, 0, 0])),
    ];
    for record in malformed {
        assert!(replayed(&record).is_err(), "{record:?}");
    }
}

/// A record of the group `g` with these members, by id, instance and client.
fn group_of(members: &[(&str, Option<&str>, &str)]) -> CoordinatorRecord {
    let members = members.iter().map(|(id, instance, client)| MemberMetadata {
        member_id: (*id).to_owned(),
        group_instance_id: instance.map(str::to_owned),
        client_id: (*client).to_owned(),
        ..Default::default()
    });
    let value = GroupMetadataValue {
        protocol_type: "consumer".to_owned(),
        protocol: Some("range".to_owned()),
        members: members.collect(),
        ..Default::default()
    };
    let mut writer = Writer::new();
    value.encode(&mut writer, 3).expect("the value fits its version");
    let value = [&[0, 3][..], &writer.into_bytes()].concat();
    CoordinatorRecord { key: Bytes::from_static(&[0, 2, 0, 1, b'g']), value: Some(value.into()) }
}

#[test]
fn of_a_member_that_a_record_has_twice_the_last_counts_but_not_of_a_static_one() {
    let mut shard =
        replayed(&group_of(&[("m", None, "earlier"), ("m", None, "later")])).expect("as Kafka does");
    let now = Now { clock_ms: 0, uptime_ms: 0 };
    let step = shard.handle(Token(1), GroupRequest::Describe { group_id: "g".to_owned() }, now);
    let [(_, GroupReply::Describe(Ok(described)))] = &step.replies[..] else { panic!("described") };
    let clients: Vec<&str> = described.members.iter().map(|member| &*member.client_id).collect();
    assert_eq!(clients, ["later"]);
    outlive(shard);
    assert!(replayed(&group_of(&[("m", Some("i"), "one"), ("n", Some("i"), "other")])).is_err());
}

#[test]
fn bytes_behind_a_key_or_a_value_are_ignored() {
    for seed in seeds() {
        let longer = |bytes: &Bytes| Bytes::from([bytes, &[7_u8, 7, 7][..]].concat());
        let record = CoordinatorRecord { key: longer(&seed.key), value: seed.value.as_ref().map(longer) };
        assert!(replayed(&record).is_ok(), "{record:?}");
    }
}

#[test]
fn announced_counts_cost_nothing() {
    // An array of so many members, of which none is there.
    let value = [&[0, 3, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255][..], &[0; 8], &[127, 255, 255, 255]].concat();
    let record =
        CoordinatorRecord { key: Bytes::from_static(&[0, 2, 0, 1, b'g']), value: Some(value.into()) };
    let info = allocation_counter::measure(|| assert!(replayed(&record).is_err()));
    assert!(info.bytes_max <= BYTES_AT_LEAST, "{} bytes", info.bytes_max);
}

#[test]
fn logs_of_mutilated_records_are_loaded_or_refused() {
    let seeds = seeds();
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..3_000 {
        let dice = Entropy::from_seed(seed);
        let log: Vec<CoordinatorRecord> = (0..1 + dice.below(6)).map(|_| mutilated(&dice, &seeds)).collect();
        let length: usize = log.iter().map(CoordinatorRecord::size).sum();
        let mut shard = GroupShard::new(SETTINGS);
        let info = allocation_counter::measure(|| {
            for (offset, record) in log.iter().enumerate() {
                let producer = (ProducerId(5), ProducerEpoch(0));
                let transaction = (dice.below(4) == 0).then_some(producer);
                let written = Written { offset: Offset(offset as i64), transaction };
                match shard.replay(written, record) {
                    Ok(()) => taken += 1,
                    Err(_) => refused += 1,
                }
                if dice.below(4) == 0 {
                    shard.replay_end_of_transaction(producer, dice.below(2) == 0);
                }
            }
        });
        let allowed = BYTES_PER_BYTE * length as u64 + BYTES_AT_LEAST;
        assert!(info.bytes_max <= allowed, "seed {seed}: {} bytes for {length}", info.bytes_max);
        outlive(shard);
    }
    assert!(taken > 1_000 && refused > 1_000, "{taken} taken, {refused} refused");
}

fn mutilated(dice: &Entropy, seeds: &[CoordinatorRecord]) -> CoordinatorRecord {
    let seed = &seeds[dice.below(seeds.len() as u64) as usize];
    let cut = |bytes: &Bytes| {
        let mut bytes = bytes.to_vec();
        for _ in 0..dice.below(3) {
            let at = dice.below(bytes.len() as u64 + 1) as usize;
            match dice.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, dice.below(256) as u8),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = [0, 1, 2, 127, 128, 255, dice.below(256) as u8][dice.below(7) as usize];
                    }
                }
            }
        }
        Bytes::from(bytes)
    };
    CoordinatorRecord { key: cut(&seed.key), value: seed.value.as_ref().map(cut) }
}

/// Asks about all that is there, and lets time pass until nothing is left to happen or it comes again and again.
fn outlive(mut shard: GroupShard) {
    let mut now = Now { clock_ms: 1_700_000_100_000, uptime_ms: 0 };
    let _ = shard.loaded(LeaderEpoch(0), now);
    for group_id in shard.groups().ids() {
        let group_id = group_id.to_string();
        let fetch =
            FetchOffsets { group_id: group_id.clone(), member: None, partitions: None, require_stable: true };
        for request in [
            GroupRequest::FetchOffsets(fetch),
            GroupRequest::Describe { group_id: group_id.clone() },
            GroupRequest::Delete { group_id },
        ] {
            assert_eq!(shard.handle(Token(1), request, now).replies.len(), 1);
        }
    }
    for _ in 0..20 {
        let Some(deadline_ms) = shard.next_deadline_ms() else { break };
        now.clock_ms += deadline_ms.saturating_sub(now.uptime_ms).clamp(0, 1 << 40);
        now.uptime_ms = now.uptime_ms.max(deadline_ms);
        let _ = shard.handle_timeout(now);
    }
}
