//! OffsetFetch (key 9), versions 1–10: how far groups have read.
//!
//! v2 an error of the whole, and null topics for all; v3 throttle time; v5 (KIP-320) leader epochs; v6 flexible; v7
//! (KIP-447) offsets that an open transaction may change are an error where the client asks for stable ones; v8
//! (KIP-709) several groups; v9 (KIP-848) member id and epoch; v10 (KIP-848) topic ids. Broker listeners. Needs DESCRIBE on
//! each group and each topic; of all offsets, those of topics that the client may not describe are left out.
//!
//! A partition without a committed offset is answered with −1 and no error, and so is every partition of a group that
//! does not exist. Errors of each group: UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH, GROUP_AUTHORIZATION_FAILED,
//! COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR; of each partition: UNSTABLE_OFFSET_COMMIT, UNKNOWN_TOPIC_ID,
//! TOPIC_AUTHORIZATION_FAILED.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::{Called, Unavailable};
use broker::group_coordinator::offsets::{FetchOffsets, FetchedOffset, FetchedOffsets};
use broker::group_coordinator::{GroupRequest, GroupShard};
use metadata::MetadataImage;
use net::{ConnectionContext, Request};
use protocol::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use types::{ErrorCode, TopicPartition, Uuid};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::errors;
use crate::exchange::{self, Handled};
use crate::group_replies::{self, Reply, group_reply};

/// First version with an error of the whole.
const GROUP_ERROR_SINCE: i16 = 2;
/// First version with several groups.
const GROUPS_SINCE: i16 = 8;
/// First version that says who asks.
const MEMBER_SINCE: i16 = 9;
/// First version that names topics by id.
const TOPIC_IDS_SINCE: i16 = 10;

/// Asks each group.
pub(crate) fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: OffsetFetchRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    let require_stable = body.require_stable;
    let mut asked = Vec::new();
    let mut called = Vec::new();
    for group in groups(body, version) {
        let (ask, call) = ask(broker, authorizer, request, group, require_stable);
        asked.push(ask);
        called.extend(call);
    }
    let image = broker.image();
    let (authorizer, connection) = (authorizer.clone(), request.connection.clone());
    group_replies::answer_all(&request.header, called, move |replies| {
        let view = View { image: &image, authorizer: &authorizer, connection: &connection, version };
        let mut replies = replies.into_iter();
        let groups = asked.into_iter().map(|asked| view.group(asked, &mut replies)).collect();
        told(groups, version)
    })
}

/// The groups of a request; before v8 there is one.
fn groups(body: OffsetFetchRequest, version: i16) -> Vec<OffsetFetchRequestGroup> {
    if version >= GROUPS_SINCE {
        return body.groups;
    }
    let topics = body.topics.map(|topics| {
        let topic = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..Default::default()
        });
        topic.collect()
    });
    vec![OffsetFetchRequestGroup { group_id: body.group_id, topics, ..Default::default() }]
}

/// What was asked of a group, to lay the reply out.
enum Asked {
    Refused(OffsetFetchRequestGroup, ErrorCode),
    /// Every offset that the group has.
    All(String),
    /// These topics, and those that are refused.
    Some {
        group: OffsetFetchRequestGroup,
        allowed: Vec<OffsetFetchRequestTopics>,
        refused: Vec<OffsetFetchResponseTopics>,
    },
}

fn ask(
    broker: &Broker,
    authorizer: &Authorizer,
    request: &Request,
    mut group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> (Asked, Option<Called<GroupShard>>) {
    let connection = &request.connection;
    if !authorizer.allows(connection, Operation::Describe, Resource::Group(&group.group_id)) {
        return (Asked::Refused(group, ErrorCode::GroupAuthorizationFailed), None);
    }
    let image = broker.image();
    let version = request.header.api_version;
    let member =
        group.member_id.clone().filter(|_| version >= MEMBER_SINCE).map(|id| (id, group.member_epoch));
    let fetch = |partitions| {
        let group_id = group.group_id.clone();
        let fetch = FetchOffsets { group_id, member: member.clone(), partitions, require_stable };
        broker.ask_group(&group.group_id, GroupRequest::FetchOffsets(fetch))
    };
    let Some(topics) = &mut group.topics else {
        let called = fetch(None);
        return (Asked::All(group.group_id), Some(called));
    };
    let (mut allowed, mut refused) = (Vec::new(), Vec::new());
    for mut topic in std::mem::take(topics) {
        if version >= TOPIC_IDS_SINCE {
            let named = image.topics.by_id(topic.topic_id).map(|topic| topic.name.to_string());
            topic.name = named.unwrap_or_default();
        }
        if version >= TOPIC_IDS_SINCE && topic.name.is_empty() {
            refused.push(refuse(topic, ErrorCode::UnknownTopicId));
        } else if !authorizer.allows(connection, Operation::Describe, Resource::Topic(&topic.name)) {
            refused.push(refuse(topic, ErrorCode::TopicAuthorizationFailed));
        } else {
            allowed.push(topic);
        }
    }
    let partitions = allowed.iter().flat_map(|topic| {
        let name: types::TopicName = topic.name.as_str().into();
        topic.partition_indexes.iter().map(move |index| TopicPartition::new(name.clone(), *index))
    });
    let called = fetch(Some(partitions.collect()));
    (Asked::Some { group, allowed, refused }, Some(called))
}

fn refuse(topic: OffsetFetchRequestTopics, error: ErrorCode) -> OffsetFetchResponseTopics {
    OffsetFetchResponseTopics {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: topic.partition_indexes.into_iter().map(|index| none(index, error)).collect(),
        ..Default::default()
    }
}

fn none(partition_index: i32, error: ErrorCode) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        error_code: error.code(),
        ..Default::default()
    }
}

/// What an answer is laid out by.
struct View<'a> {
    image: &'a MetadataImage,
    authorizer: &'a Authorizer,
    connection: &'a ConnectionContext,
    version: i16,
}

impl View<'_> {
    fn group(&self, asked: Asked, replies: &mut impl Iterator<Item = Reply>) -> OffsetFetchResponseGroup {
        let (group_id, result) = match asked {
            Asked::Refused(group, error) => return self.refuse_group(group, error),
            Asked::All(group_id) => {
                let result = fetched(replies.next()).map(|fetched| self.all(fetched));
                (group_id, result)
            }
            Asked::Some { mut group, allowed, refused } => match fetched(replies.next()) {
                Ok(fetched) => {
                    let mut topics = self.some(allowed, fetched);
                    topics.extend(refused);
                    (group.group_id, Ok(topics))
                }
                Err(error) => {
                    group.topics = Some(allowed);
                    return self.refuse_group(group, error);
                }
            },
        };
        match result {
            Ok(topics) => OffsetFetchResponseGroup { group_id, topics, ..Default::default() },
            Err(error) => {
                OffsetFetchResponseGroup { group_id, error_code: error.code(), ..Default::default() }
            }
        }
    }

    /// Before v2 only partitions can have errors.
    fn refuse_group(&self, group: OffsetFetchRequestGroup, error: ErrorCode) -> OffsetFetchResponseGroup {
        let group_id = group.group_id;
        if self.version >= GROUP_ERROR_SINCE {
            return OffsetFetchResponseGroup { group_id, error_code: error.code(), ..Default::default() };
        }
        let topics = group.topics.into_iter().flatten().map(|topic| refuse(topic, error)).collect();
        OffsetFetchResponseGroup { group_id, topics, ..Default::default() }
    }

    /// The offsets of the topics asked for, in the order of the request.
    fn some(
        &self,
        topics: Vec<OffsetFetchRequestTopics>,
        fetched: FetchedOffsets,
    ) -> Vec<OffsetFetchResponseTopics> {
        let mut fetched = fetched.into_iter();
        let lay_out = |topic: OffsetFetchRequestTopics| {
            let count = topic.partition_indexes.len();
            let partitions = fetched.by_ref().take(count).map(|offset| partition(offset, topic.topic_id));
            OffsetFetchResponseTopics {
                partitions: partitions.collect(),
                name: topic.name,
                topic_id: topic.topic_id,
                ..Default::default()
            }
        };
        topics.into_iter().map(lay_out).collect()
    }

    /// All offsets of a group that the client may see, topic by topic. From v10 on a topic that is no more cannot be
    /// told: it has no id.
    fn all(&self, fetched: FetchedOffsets) -> Vec<OffsetFetchResponseTopics> {
        let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
        for offset in fetched {
            let name = offset.partition.topic.clone();
            let told = partition(offset, Uuid::ZERO);
            match topics.last_mut() {
                Some(last) if last.name == *name => last.partitions.push(told),
                _ => topics.push(OffsetFetchResponseTopics {
                    topic_id: self.image.topics.id_of(&name).unwrap_or(Uuid::ZERO),
                    name: name.to_string(),
                    partitions: vec![told],
                    ..Default::default()
                }),
            }
        }
        topics.retain(|topic| {
            let may =
                self.authorizer.allows(self.connection, Operation::Describe, Resource::Topic(&topic.name));
            may && (self.version < TOPIC_IDS_SINCE || !topic.topic_id.is_zero())
        });
        topics
    }
}

fn fetched(reply: Option<Reply>) -> Result<FetchedOffsets, ErrorCode> {
    match reply {
        // Consumers before 3.9 know no COORDINATOR_NOT_AVAILABLE here.
        None | Some(Err(Unavailable::NotAvailable)) => Err(ErrorCode::NotCoordinator),
        Some(reply) => group_reply!(reply, FetchOffsets),
    }
}

/// One partition. What was committed for an older topic of the name says nothing of the one asked for by id.
fn partition(fetched: FetchedOffset, topic_id: Uuid) -> OffsetFetchResponsePartitions {
    let index = fetched.partition.partition.0;
    match fetched.committed {
        Err(error) => none(index, errors::group_error(&error)),
        Ok(None) => none(index, ErrorCode::None),
        Ok(Some(committed))
            if !topic_id.is_zero()
                && committed.topic_id.is_some_and(|id| !id.is_zero() && id != topic_id) =>
        {
            none(index, ErrorCode::None)
        }
        Ok(Some(committed)) => OffsetFetchResponsePartitions {
            partition_index: index,
            committed_offset: committed.offset.0,
            committed_leader_epoch: committed.leader_epoch.map_or(-1, |epoch| epoch.0),
            metadata: Some(committed.metadata),
            ..Default::default()
        },
    }
}

fn told(mut groups: Vec<OffsetFetchResponseGroup>, version: i16) -> OffsetFetchResponse {
    if version >= GROUPS_SINCE {
        return OffsetFetchResponse { groups, ..Default::default() };
    }
    let Some(group) = groups.pop() else { return OffsetFetchResponse::default() };
    let partition = |it: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: it.partition_index,
        committed_offset: it.committed_offset,
        committed_leader_epoch: it.committed_leader_epoch,
        metadata: it.metadata,
        error_code: it.error_code,
        ..Default::default()
    };
    let topics = group.topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
        ..Default::default()
    });
    OffsetFetchResponse { error_code: group.error_code, topics: topics.collect(), ..Default::default() }
}
