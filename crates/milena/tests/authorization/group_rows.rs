//! APIs of groups and committed offsets. Every group is `g`, and nobody has made it.

use protocol::api;
use protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use protocol::messages::consumer_group_describe_response::ConsumerGroupDescribeResponse;
use protocol::messages::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use protocol::messages::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
use protocol::messages::delete_groups_request::DeleteGroupsRequest;
use protocol::messages::delete_groups_response::DeleteGroupsResponse;
use protocol::messages::describe_groups_request::DescribeGroupsRequest;
use protocol::messages::describe_groups_response::DescribeGroupsResponse;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::heartbeat_request::HeartbeatRequest;
use protocol::messages::heartbeat_response::HeartbeatResponse;
use protocol::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use protocol::messages::join_group_response::JoinGroupResponse;
use protocol::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use protocol::messages::leave_group_response::LeaveGroupResponse;
use protocol::messages::list_groups_request::ListGroupsRequest;
use protocol::messages::list_groups_response::ListGroupsResponse;
use protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use protocol::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use protocol::messages::offset_delete_response::OffsetDeleteResponse;
use protocol::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use protocol::messages::offset_fetch_response::OffsetFetchResponse;
use protocol::messages::sync_group_request::SyncGroupRequest;
use protocol::messages::sync_group_response::SyncGroupResponse;
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::WhyResponse;
use types::Uuid;

use crate::node::TestNode;
use crate::row::{Row, name};

const TOPICS: [&str; 2] = ["t", "u"];

pub fn rows() -> Vec<Row> {
    let rows = vec![
        find_coordinator(0, "of a group")
            .allowed(&["Describe group g"], "g NONE")
            .denied(&["Describe group g"], "g GROUP_AUTHORIZATION_FAILED"),
        find_coordinator(1, "of a transactional id")
            .allowed(&["Describe transactional id g"], "g NONE")
            .denied(&["Describe transactional id g"], "g TRANSACTIONAL_ID_AUTHORIZATION_FAILED"),
        join_group()
            .allowed(&["Read group g"], "MEMBER_ID_REQUIRED")
            .denied(&["Read group g"], "GROUP_AUTHORIZATION_FAILED"),
        sync_group()
            .allowed(&["Read group g"], "UNKNOWN_MEMBER_ID")
            .denied(&["Read group g"], "GROUP_AUTHORIZATION_FAILED"),
        heartbeat()
            .allowed(&["Read group g"], "UNKNOWN_MEMBER_ID")
            .denied(&["Read group g"], "GROUP_AUTHORIZATION_FAILED"),
        leave_group()
            .allowed(&["Read group g"], "NONE, m UNKNOWN_MEMBER_ID")
            .denied(&["Read group g"], "GROUP_AUTHORIZATION_FAILED"),
        offset_commit(9, "by name")
            .allowed(&["Read group g", "Read topic t", "Read topic u"], "t/0 NONE, u/0 NONE")
            .denied(&["Read group g"], "t/0 GROUP_AUTHORIZATION_FAILED, u/0 GROUP_AUTHORIZATION_FAILED")
            .denied(&["Read topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Read topic u"], "t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        offset_commit(10, "by id")
            .allowed(&["Read group g", "Read topic t", "Read topic u"], "id of t/0 NONE, id of u/0 NONE")
            .denied(
                &["Read group g"],
                "id of t/0 GROUP_AUTHORIZATION_FAILED, id of u/0 GROUP_AUTHORIZATION_FAILED",
            )
            .denied(&["Read topic t"], "id of t/0 TOPIC_AUTHORIZATION_FAILED, id of u/0 NONE")
            .denied(&["Read topic u"], "id of t/0 NONE, id of u/0 TOPIC_AUTHORIZATION_FAILED"),
        offset_fetch()
            .allowed(
                &["Describe group g", "Describe topic t", "Describe topic u"],
                "g NONE, t/0 NONE, u/0 NONE",
            )
            .denied(&["Describe group g"], "g GROUP_AUTHORIZATION_FAILED")
            .denied(&["Describe topic t"], "g NONE, t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Describe topic u"], "g NONE, t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        offset_delete()
            .allowed(&["Delete group g", "Read topic t", "Read topic u"], "GROUP_ID_NOT_FOUND")
            .denied(&["Delete group g"], "GROUP_AUTHORIZATION_FAILED")
            .denied(&["Read topic t", "Read topic u"], "GROUP_ID_NOT_FOUND"),
        describe_groups()
            .allowed(&["Describe group g", "Describe group h"], "g GROUP_ID_NOT_FOUND, h GROUP_ID_NOT_FOUND")
            .denied(&["Describe group g"], "g GROUP_AUTHORIZATION_FAILED, h GROUP_ID_NOT_FOUND")
            .denied(&["Describe group h"], "g GROUP_ID_NOT_FOUND, h GROUP_AUTHORIZATION_FAILED"),
        consumer_group_heartbeat()
            .allowed(&["Read group g", "Describe topic t", "Describe topic u"], "GROUP_ID_NOT_FOUND")
            .denied(&["Read group g"], "GROUP_AUTHORIZATION_FAILED")
            .denied(&["Describe topic t"], "TOPIC_AUTHORIZATION_FAILED")
            .denied(&["Describe topic u"], "TOPIC_AUTHORIZATION_FAILED"),
        consumer_group_describe()
            .allowed(&["Describe group g", "Describe group h"], "g GROUP_ID_NOT_FOUND, h GROUP_ID_NOT_FOUND")
            .denied(&["Describe group g"], "g GROUP_AUTHORIZATION_FAILED, h GROUP_ID_NOT_FOUND")
            .denied(&["Describe group h"], "g GROUP_ID_NOT_FOUND, h GROUP_AUTHORIZATION_FAILED"),
        list_groups().allowed(&["Describe cluster"], "NONE").denied(&["Describe cluster"], "NONE"),
        delete_groups()
            .allowed(&["Delete group g", "Delete group h"], "g GROUP_ID_NOT_FOUND, h GROUP_ID_NOT_FOUND")
            .denied(&["Delete group g"], "g GROUP_AUTHORIZATION_FAILED, h GROUP_ID_NOT_FOUND")
            .denied(&["Delete group h"], "g GROUP_ID_NOT_FOUND, h GROUP_AUTHORIZATION_FAILED"),
        why()
            .allowed(&["Describe group g"], "GROUP_ID_NOT_FOUND")
            .denied(&["Describe group g"], "GROUP_AUTHORIZATION_FAILED"),
    ];
    rows.into_iter().map(Row::with_groups).collect()
}

fn find_coordinator(key_type: i8, what: &'static str) -> Row {
    let request = move |_: &TestNode| FindCoordinatorRequest {
        key_type,
        coordinator_keys: vec!["g".to_owned()],
        ..Default::default()
    };
    Row::new(api::FIND_COORDINATOR, 6, what, request, |_, answer: FindCoordinatorResponse| {
        answer.coordinators.iter().map(|it| format!("{} {}", it.key, name(it.error_code))).collect()
    })
}

fn join_group() -> Row {
    let protocol = || JoinGroupRequestProtocol { name: "range".to_owned(), ..Default::default() };
    let request = move |_: &TestNode| JoinGroupRequest {
        group_id: "g".to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol()],
        ..Default::default()
    };
    Row::new(api::JOIN_GROUP, 9, "", request, |_, answer: JoinGroupResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn sync_group() -> Row {
    let request = |_: &TestNode| SyncGroupRequest {
        group_id: "g".to_owned(),
        generation_id: 1,
        member_id: "m".to_owned(),
        protocol_type: Some("consumer".to_owned()),
        protocol_name: Some("range".to_owned()),
        ..Default::default()
    };
    Row::new(api::SYNC_GROUP, 5, "", request, |_, answer: SyncGroupResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn heartbeat() -> Row {
    let request = |_: &TestNode| HeartbeatRequest {
        group_id: "g".to_owned(),
        generation_id: 1,
        member_id: "m".to_owned(),
        ..Default::default()
    };
    Row::new(api::HEARTBEAT, 4, "", request, |_, answer: HeartbeatResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn leave_group() -> Row {
    let request = |_: &TestNode| LeaveGroupRequest {
        group_id: "g".to_owned(),
        members: vec![MemberIdentity { member_id: "m".to_owned(), ..Default::default() }],
        ..Default::default()
    };
    Row::new(api::LEAVE_GROUP, 5, "", request, |_, answer: LeaveGroupResponse| {
        let members = answer.members.iter().map(|it| format!("{} {}", it.member_id, name(it.error_code)));
        std::iter::once(name(answer.error_code).to_owned()).chain(members).collect()
    })
}

fn offset_commit(version: i16, what: &'static str) -> Row {
    let request = move |node: &TestNode| {
        let topic = |topic: &str| OffsetCommitRequestTopic {
            name: if version < 10 { topic.to_owned() } else { String::new() },
            topic_id: if version < 10 { Uuid::ZERO } else { node.topic_id(topic) },
            partitions: vec![OffsetCommitRequestPartition { committed_offset: 3, ..Default::default() }],
            ..Default::default()
        };
        OffsetCommitRequest {
            group_id: "g".to_owned(),
            topics: TOPICS.map(topic).into(),
            ..Default::default()
        }
    };
    Row::new(api::OFFSET_COMMIT, version, what, request, |node, answer: OffsetCommitResponse| {
        let partitions = answer.topics.iter().flat_map(|topic| {
            let called = node.called(Some(&topic.name), topic.topic_id);
            let partitions = topic.partitions.iter();
            partitions.map(move |it| format!("{called}/{} {}", it.partition_index, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn offset_fetch() -> Row {
    let topic = |name: &str| OffsetFetchRequestTopics {
        name: name.to_owned(),
        partition_indexes: vec![0],
        ..Default::default()
    };
    let request = move |_: &TestNode| OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: "g".to_owned(),
            topics: Some(TOPICS.map(topic).into()),
            ..Default::default()
        }],
        ..Default::default()
    };
    Row::new(api::OFFSET_FETCH, 9, "", request, |_, answer: OffsetFetchResponse| {
        let mut told = Vec::new();
        for group in &answer.groups {
            told.push(format!("{} {}", group.group_id, name(group.error_code)));
            for topic in &group.topics {
                let partitions = topic.partitions.iter();
                told.extend(
                    partitions
                        .map(|it| format!("{}/{} {}", topic.name, it.partition_index, name(it.error_code))),
                );
            }
        }
        told
    })
}

fn offset_delete() -> Row {
    let topic = |name: &str| OffsetDeleteRequestTopic {
        name: name.to_owned(),
        partitions: vec![OffsetDeleteRequestPartition::default()],
    };
    let request = move |_: &TestNode| OffsetDeleteRequest {
        group_id: "g".to_owned(),
        topics: TOPICS.map(topic).into(),
    };
    Row::new(api::OFFSET_DELETE, 0, "", request, |_, answer: OffsetDeleteResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn describe_groups() -> Row {
    let request = |_: &TestNode| DescribeGroupsRequest {
        groups: ["g", "h"].map(str::to_owned).into(),
        ..Default::default()
    };
    Row::new(api::DESCRIBE_GROUPS, 6, "", request, |_, answer: DescribeGroupsResponse| {
        answer.groups.iter().map(|it| format!("{} {}", it.group_id, name(it.error_code))).collect()
    })
}

fn consumer_group_heartbeat() -> Row {
    let request = |_: &TestNode| ConsumerGroupHeartbeatRequest {
        group_id: "g".to_owned(),
        member_id: "m".to_owned(),
        member_epoch: 1,
        subscribed_topic_names: Some(TOPICS.map(str::to_owned).into()),
        ..Default::default()
    };
    Row::new(api::CONSUMER_GROUP_HEARTBEAT, 1, "", request, |_, answer: ConsumerGroupHeartbeatResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn consumer_group_describe() -> Row {
    let request = |_: &TestNode| ConsumerGroupDescribeRequest {
        group_ids: ["g", "h"].map(str::to_owned).into(),
        ..Default::default()
    };
    Row::new(api::CONSUMER_GROUP_DESCRIBE, 1, "", request, |_, answer: ConsumerGroupDescribeResponse| {
        answer.groups.iter().map(|it| format!("{} {}", it.group_id, name(it.error_code))).collect()
    })
}

fn list_groups() -> Row {
    let request = |_: &TestNode| ListGroupsRequest::default();
    Row::new(api::LIST_GROUPS, 5, "", request, |_, answer: ListGroupsResponse| {
        let groups = answer.groups.iter().map(|group| group.group_id.clone());
        std::iter::once(name(answer.error_code).to_owned()).chain(groups).collect()
    })
}

fn delete_groups() -> Row {
    let request = |_: &TestNode| DeleteGroupsRequest {
        groups_names: ["g", "h"].map(str::to_owned).into(),
        ..Default::default()
    };
    Row::new(api::DELETE_GROUPS, 2, "", request, |_, answer: DeleteGroupsResponse| {
        answer.results.iter().map(|it| format!("{} {}", it.group_id, name(it.error_code))).collect()
    })
}

fn why() -> Row {
    let request = |_: &TestNode| WhyRequest { name: "g".to_owned(), ..Default::default() };
    Row::new(api::private::WHY, 0, "of a group", request, |_, answer: WhyResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}
