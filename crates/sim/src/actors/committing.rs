//! OffsetCommit and OffsetFetch, as all that commit need them: requests made, answers held against the book.

use std::collections::BTreeMap;
use std::rc::Rc;

use protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use protocol::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use protocol::messages::offset_fetch_response::OffsetFetchResponse;
use types::{ErrorCode, Uuid};

use crate::groups::{CommitId, Place};
use crate::invariants::Violation;
use crate::wire::{Connection, Lost};
use crate::world::World;

/// The first versions that name topics by id.
const BY_ID: i16 = 10;
/// The first version of OffsetFetch that asks for several groups.
const FETCH_OF_GROUPS: i16 = 8;
/// The first version of OffsetFetch that asks for all of a group's offsets.
const FETCH_ALL: i16 = 2;
/// The first version of OffsetCommit whose commits are not of a time of the client's.
const COMMIT_WITHOUT_TIME: i16 = 2;
/// The first version of OffsetCommit that knows static members.
const COMMIT_BY_INSTANCE: i16 = 7;
/// The first version of OffsetCommit for members of consumer groups.
const COMMIT_BY_EPOCH: i16 = 9;
const NOT_A_MEMBER: i32 = -1;

/// On whose behalf offsets are committed.
#[derive(Clone, Debug)]
pub(super) struct Committer {
    pub(super) group: String,
    pub(super) generation: i32,
    pub(super) member_id: String,
    pub(super) instance: Option<String>,
    /// The first version that tells all of this.
    least_version: i16,
}

impl Committer {
    /// Somebody who only keeps offsets in the group.
    pub(super) fn simple(group: &str) -> Self {
        Self::classic(group, NOT_A_MEMBER, "", None)
    }

    /// A member of a classic group.
    pub(super) fn classic(group: &str, generation: i32, member_id: &str, instance: Option<String>) -> Self {
        let least_version = if instance.is_some() { COMMIT_BY_INSTANCE } else { COMMIT_WITHOUT_TIME };
        Self { group: group.to_owned(), generation, member_id: member_id.to_owned(), instance, least_version }
    }

    /// A member of a consumer group.
    pub(super) fn consumer(group: &str, epoch: i32, member_id: &str, instance: Option<String>) -> Self {
        Self { least_version: COMMIT_BY_EPOCH, ..Self::classic(group, epoch, member_id, instance) }
    }
}

/// Commits offsets of one topic and notes what became of them. The worst that was answered.
pub(super) async fn commit(
    world: &Rc<World>,
    connection: &mut Connection,
    committer: &Committer,
    offsets: &[(Place, i64)],
) -> Result<ErrorCode, Lost> {
    let Some((first, _)) = offsets.first() else { return Ok(ErrorCode::None) };
    let begun: BTreeMap<i32, CommitId> = {
        let commits = &mut world.book.borrow_mut().groups.commits;
        offsets.iter().map(|(place, offset)| (place.partition, commits.begins(place, *offset))).collect()
    };
    let partitions = offsets.iter().map(|(place, offset)| OffsetCommitRequestPartition {
        partition_index: place.partition,
        committed_offset: *offset,
        committed_metadata: Some(begun[&place.partition].metadata()),
        ..Default::default()
    });
    let request = OffsetCommitRequest {
        group_id: committer.group.clone(),
        generation_id_or_member_epoch: committer.generation,
        member_id: committer.member_id.clone(),
        group_instance_id: committer.instance.clone(),
        topics: vec![OffsetCommitRequestTopic {
            name: first.name.clone(),
            topic_id: first.topic,
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let version = connection.version_from(&request, committer.least_version);
    let response = connection.call(&request, version).await?;
    world.counts.borrow_mut().commits += 1;
    Ok(take_commit(world, connection.who(), first, &begun, &response))
}

fn take_commit(
    world: &World,
    who: &str,
    first: &Place,
    begun: &BTreeMap<i32, CommitId>,
    response: &OffsetCommitResponse,
) -> ErrorCode {
    let told: BTreeMap<i32, i16> = (response.topics.iter())
        .flat_map(|topic| &topic.partitions)
        .map(|partition| (partition.partition_index, partition.error_code))
        .collect();
    if !told.keys().eq(begun.keys()) {
        let detail = format!("{who}: asked for {:?}, told of {:?}", begun.keys(), told.keys());
        world.fail(Violation::new("every_commit_is_answered", detail));
    }
    let commits = &mut world.book.borrow_mut().groups.commits;
    let mut worst = ErrorCode::None;
    for (index, id) in begun {
        let error = told.get(index).and_then(|code| ErrorCode::from_code(*code));
        let error = error.unwrap_or(ErrorCode::UnknownServerError);
        match error {
            ErrorCode::None => commits.acknowledged(*id),
            error if says_nothing_was_done(error) => commits.refused(*id),
            _ => {}
        }
        if error != ErrorCode::None {
            worst = error;
        }
    }
    world.trace.line(who, &format!("commits of {}: error {}", first.name, worst.code()));
    worst
}

/// Refused before anything was written.
fn says_nothing_was_done(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::UnknownMemberId
            | ErrorCode::IllegalGeneration
            | ErrorCode::FencedInstanceId
            | ErrorCode::RebalanceInProgress
            | ErrorCode::GroupIdNotFound
            | ErrorCode::StaleMemberEpoch
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::CoordinatorLoadInProgress
    )
}

/// What the group has committed of these places, held against the book; `None` where the coordinator says to ask again.
pub(super) async fn committed(
    world: &Rc<World>,
    connection: &mut Connection,
    group: &str,
    places: &[Place],
) -> Result<Option<BTreeMap<Place, i64>>, Lost> {
    let wants_all = connection.draw(4) == 0;
    let least = if wants_all { FETCH_ALL } else { 1 };
    let version = connection.version_from(&OffsetFetchRequest::default(), least);
    let request = request(group, places, wants_all, version);
    let since = world.book.borrow_mut().groups.commits.read_begins();
    let response = connection.call(&request, version).await?;
    world.counts.borrow_mut().offset_fetches += 1;
    match told(&response, version) {
        Ok(told) => Ok(Some(hold(world, places, since, &told, version))),
        Err(error) => {
            world.trace.line(connection.who(), &format!("offsets of {group} not told: error {error}"));
            Ok(None)
        }
    }
}

fn request(group: &str, places: &[Place], wants_all: bool, version: i16) -> OffsetFetchRequest {
    let mut topics: BTreeMap<Uuid, OffsetFetchRequestTopics> = BTreeMap::new();
    for place in places {
        let topic = topics.entry(place.topic).or_insert_with(|| OffsetFetchRequestTopics {
            name: place.name.clone(),
            topic_id: place.topic,
            ..Default::default()
        });
        topic.partition_indexes.push(place.partition);
    }
    let topics = topics.into_values();
    if version < FETCH_OF_GROUPS {
        let topics = topics.map(|topic| OffsetFetchRequestTopic {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..Default::default()
        });
        let topics = (!wants_all).then(|| topics.collect());
        return OffsetFetchRequest { group_id: group.to_owned(), topics, ..Default::default() };
    }
    let asked = OffsetFetchRequestGroup {
        group_id: group.to_owned(),
        member_epoch: NOT_A_MEMBER,
        topics: (!wants_all).then(|| topics.collect()),
        ..Default::default()
    };
    OffsetFetchRequest { groups: vec![asked], ..Default::default() }
}

/// A topic as an answer names it, and a partition.
type Named = (String, Uuid, i32);

/// Offsets and metadata as the answer has them; or its error.
fn told(response: &OffsetFetchResponse, version: i16) -> Result<BTreeMap<Named, (i64, String)>, i16> {
    let mut told = BTreeMap::new();
    let mut worst = response.error_code;
    let mut take = |topic: &str, id: Uuid, index: i32, offset: i64, metadata: &Option<String>, error: i16| {
        worst = if worst == 0 { error } else { worst };
        told.insert((topic.to_owned(), id, index), (offset, metadata.clone().unwrap_or_default()));
    };
    for topic in &response.topics {
        for it in &topic.partitions {
            let (index, offset) = (it.partition_index, it.committed_offset);
            take(&topic.name, Uuid::ZERO, index, offset, &it.metadata, it.error_code);
        }
    }
    for group in &response.groups {
        take("", Uuid::ZERO, -1, -1, &None, group.error_code);
        for topic in &group.topics {
            let name = if version < BY_ID { &*topic.name } else { "" };
            for it in &topic.partitions {
                let (index, offset) = (it.partition_index, it.committed_offset);
                take(name, topic.topic_id, index, offset, &it.metadata, it.error_code);
            }
        }
    }
    if worst == 0 { Ok(told) } else { Err(worst) }
}

fn hold(
    world: &World,
    places: &[Place],
    since: u64,
    told: &BTreeMap<Named, (i64, String)>,
    version: i16,
) -> BTreeMap<Place, i64> {
    let mut found = BTreeMap::new();
    for place in places {
        let mut book = world.book.borrow_mut();
        // Whose offsets go meanwhile, and whose name may stand for another topic.
        if !book.is_present(place.topic) {
            continue;
        }
        let named = match version {
            BY_ID.. => (String::new(), place.topic, place.partition),
            _ => (place.name.clone(), Uuid::ZERO, place.partition),
        };
        let told = told.get(&named).filter(|(offset, _)| *offset >= 0);
        let told = told.map(|(offset, metadata)| (*offset, metadata.as_str()));
        let result = book.groups.commits.read(place, since, told);
        drop(book);
        world.check(result);
        if let Some((offset, _)) = told {
            found.insert(place.clone(), offset);
        }
    }
    found
}
