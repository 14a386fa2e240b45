//! Arbitrary values of some messages, written and read at arbitrary versions.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, NodeEndpoint, PartitionData,
};
use protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::records::consumer_group_member_metadata_value::{
    ClassicMemberMetadata, ConsumerGroupMemberMetadataValue,
};
use protocol::records::partition_record::PartitionRecord;
use protocol::{EncodeError, Message, Reader, Records, Writer};
use types::Uuid;

/// A value comes back whole from the newest version. From any other it comes back as what that version can carry, and
/// writing that again changes nothing; or it is refused for a field the version lacks.
fn judge<M: Message>(value: &M, version: i16) -> Result<(), TestCaseError> {
    let mut writer = Writer::new();
    match value.encode(&mut writer, version) {
        Ok(()) => {}
        Err(EncodeError::FieldNotInVersion { .. } | EncodeError::UnexpectedNull { .. })
            if version < M::MAX_VERSION =>
        {
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    }
    let bytes = writer.into_bytes();
    let mut reader = Reader::new(bytes.clone());
    let found = M::decode(&mut reader, version).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(reader.finish(), Ok(()));
    if version == M::MAX_VERSION {
        prop_assert_eq!(&found, value);
    }
    let mut again = Writer::new();
    found.encode(&mut again, version).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(again.into_bytes(), bytes);
    Ok(())
}

fn version<M: Message>() -> impl Strategy<Value = i16> {
    prop_oneof![Just(M::MAX_VERSION), M::MIN_VERSION..=M::MAX_VERSION]
}

fn name() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

prop_compose! {
    fn produce_request()(
        transactional_id in option::of(name()),
        acks: i16,
        timeout_ms: i32,
        topics in vec((uuid(), vec((any::<i32>(), option::of(bytes())), 0..4)), 0..4),
    ) -> ProduceRequest {
        let partition = |(index, records)| PartitionProduceData { index, records, ..Default::default() };
        let topic = |(topic_id, partitions): (_, Vec<_>)| TopicProduceData {
            topic_id,
            partition_data: partitions.into_iter().map(partition).collect(),
            ..Default::default()
        };
        let topic_data = topics.into_iter().map(topic).collect();
        ProduceRequest { transactional_id, acks, timeout_ms, topic_data, ..Default::default() }
    }
}

prop_compose! {
    fn partition_data()(
        partition_index: i32,
        offsets: [i64; 4],
        aborted in option::of(vec(any::<(i64, i64)>(), 0..3)),
        records in option::of(bytes()),
    ) -> PartitionData {
        let aborted_one = |(producer_id, first_offset)| AbortedTransaction { producer_id, first_offset, ..Default::default() };
        PartitionData {
            partition_index,
            high_watermark: offsets[0],
            last_stable_offset: offsets[1],
            log_start_offset: offsets[2],
            diverging_epoch: EpochEndOffset { epoch: 3, end_offset: offsets[3], ..Default::default() },
            aborted_transactions: aborted.map(|list| list.into_iter().map(aborted_one).collect()),
            records: records.map(Records::Bytes),
            ..Default::default()
        }
    }
}

prop_compose! {
    fn fetch_response()(
        throttle_time_ms: i32,
        session_id in prop_oneof![Just(0), any::<i32>()],
        topics in vec((uuid(), vec(partition_data(), 0..3)), 0..3),
        nodes in vec((any::<i32>(), name(), option::of(name())), 0..2),
    ) -> FetchResponse {
        let topic = |(topic_id, partitions)| FetchableTopicResponse { topic_id, partitions, ..Default::default() };
        let node = |(node_id, host, rack)| NodeEndpoint { node_id, host, rack, port: 9092, ..Default::default() };
        FetchResponse {
            throttle_time_ms,
            session_id,
            responses: topics.into_iter().map(topic).collect(),
            node_endpoints: nodes.into_iter().map(node).collect(),
            ..Default::default()
        }
    }
}

prop_compose! {
    fn metadata_request()(topics in option::of(vec((uuid(), option::of(name())), 0..5)), flag: bool) -> MetadataRequest {
        let topic = |(topic_id, name)| MetadataRequestTopic { topic_id, name, ..Default::default() };
        let topics = topics.map(|topics| topics.into_iter().map(topic).collect());
        MetadataRequest { topics, allow_auto_topic_creation: flag, ..Default::default() }
    }
}

prop_compose! {
    fn create_topics_request()(
        topics in vec((name(), any::<i32>(), vec((name(), option::of(name())), 0..3), vec(vec(any::<i32>(), 0..4), 0..3)), 0..3),
        timeout_ms: i32,
    ) -> CreateTopicsRequest {
        let config = |(name, value)| CreatableTopicConfig { name, value, ..Default::default() };
        let assignment = |broker_ids| CreatableReplicaAssignment { broker_ids, ..Default::default() };
        let topic = |(name, num_partitions, configs, assignments): (_, _, Vec<_>, Vec<_>)| CreatableTopic {
            name,
            num_partitions,
            configs: configs.into_iter().map(config).collect(),
            assignments: assignments.into_iter().map(assignment).collect(),
            ..Default::default()
        };
        CreateTopicsRequest { topics: topics.into_iter().map(topic).collect(), timeout_ms, ..Default::default() }
    }
}

prop_compose! {
    fn partition_record()(
        topic_id in uuid(),
        replicas in vec(any::<i32>(), 0..5),
        directories in vec(uuid(), 0..5),
        elr in option::of(vec(any::<i32>(), 0..3)),
        leader: i32,
        leader_recovery_state: i8,
    ) -> PartitionRecord {
        PartitionRecord {
            topic_id,
            isr: replicas.clone(),
            replicas,
            directories,
            eligible_leader_replicas: elr,
            leader,
            leader_recovery_state,
            ..Default::default()
        }
    }
}

prop_compose! {
    fn member_metadata()(
        rack_id in option::of(name()),
        session_timeout in option::of(any::<i32>()),
    ) -> ConsumerGroupMemberMetadataValue {
        let classic = |session_timeout_ms| ClassicMemberMetadata { session_timeout_ms, ..Default::default() };
        ConsumerGroupMemberMetadataValue {
            rack_id,
            classic_member_metadata: session_timeout.map(classic).map(Box::new),
            ..Default::default()
        }
    }
}

proptest! {
    #[test]
    fn produce_requests(value in produce_request(), version in version::<ProduceRequest>()) {
        judge(&value, version)?;
    }

    #[test]
    fn fetch_responses(value in fetch_response(), version in version::<FetchResponse>()) {
        judge(&value, version)?;
    }

    #[test]
    fn metadata_requests(value in metadata_request(), version in version::<MetadataRequest>()) {
        judge(&value, version)?;
    }

    #[test]
    fn create_topics_requests(value in create_topics_request(), version in version::<CreateTopicsRequest>()) {
        judge(&value, version)?;
    }

    #[test]
    fn partition_records(value in partition_record(), version in version::<PartitionRecord>()) {
        judge(&value, version)?;
    }

    #[test]
    fn member_records_with_a_nullable_tagged_struct(value in member_metadata()) {
        judge(&value, 0)?;
    }
}

#[test]
fn external_records_leave_a_gap_of_their_length() {
    let records = Bytes::from_static(b"batches from a file");
    let with = |records| {
        let partitions = vec![PartitionData { records: Some(records), ..Default::default() }];
        let responses = vec![FetchableTopicResponse { partitions, ..Default::default() }];
        // Something after the gap, so that its position matters; tagged, so that lengths are inserted before it.
        let node_endpoints = vec![NodeEndpoint { host: "after".to_owned(), ..Default::default() }];
        FetchResponse { responses, node_endpoints, ..Default::default() }
    };
    for version in [FetchResponse::MIN_VERSION, 11, 12, FetchResponse::MAX_VERSION] {
        let (mut plain, mut gapped) = (Writer::new(), Writer::new());
        let (mut inside, mut outside) = (
            with(Records::Bytes(records.clone())),
            with(Records::External { length: records.len() as u32, id: 5 }),
        );
        if version < 16 {
            inside.node_endpoints.clear();
            outside.node_endpoints.clear();
        }
        inside.encode(&mut plain, version).expect("every version can carry this");
        outside.encode(&mut gapped, version).expect("every version can carry this");
        assert_eq!(gapped.total_len(), plain.len());
        let (bytes, gaps) = gapped.into_parts();
        let [gap] = gaps[..] else { panic!("one gap, found {gaps:?}") };
        assert_eq!((gap.id, gap.length as usize), (5, records.len()));
        let filled = [&bytes[..gap.position], &records[..], &bytes[gap.position..]].concat();
        assert_eq!(filled, plain.as_slice(), "version {version}");
    }
}

#[test]
fn records_of_a_request_are_shared_not_copied() {
    let records = Bytes::from(vec![7; 10_000]);
    let small = Bytes::from_static(b"small");
    let data = |index, records: &Bytes| PartitionProduceData {
        index,
        records: Some(records.clone()),
        ..PartitionProduceData::default()
    };
    let topic = TopicProduceData {
        name: "t".to_owned(),
        partition_data: vec![data(0, &records), data(1, &small), data(2, &records)],
        ..TopicProduceData::default()
    };
    let request = ProduceRequest { acks: -1, topic_data: vec![topic], ..ProduceRequest::default() };
    for version in [3, 9, 12] {
        let mut copying = Writer::new();
        request.encode(&mut copying, version).expect("fits");
        let mut sharing = Writer::sharing();
        request.encode(&mut sharing, version).expect("fits");
        let pieces = sharing.into_pieces();
        assert_eq!(pieces.concat(), copying.into_bytes(), "version {version}");
        let shared = pieces.iter().filter(|piece| piece.as_ptr() == records.as_ptr()).count();
        assert_eq!((pieces.len(), shared), (5, 2));
    }
}
