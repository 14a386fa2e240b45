//! Groups of protocols that are not served yet: share (KIP-932), streams (KIP-1071).
//!
//! What the log says about them is kept, so that none is taken for a classic group and none is lost. An empty one may
//! be deleted, or make room for a classic group of its name, as with Kafka.

use std::collections::BTreeSet;

use bytes::Bytes;
use coordinator::CoordinatorRecord;

use crate::GroupError;
use crate::records::{ModernPart, RecordType};

/// The protocol of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModernKind {
    /// Consumers that share partitions.
    Share,
    /// Kafka Streams.
    Streams,
}

impl ModernKind {
    /// As ListGroups writes it, for the type of the group and for its protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Streams => "streams",
        }
    }
}

/// A group as far as its records tell without being understood.
#[derive(Debug)]
pub struct ModernGroup {
    kind: ModernKind,
    /// Keys of the records that count.
    keys: BTreeSet<Bytes>,
    members: usize,
}

impl ModernGroup {
    pub(crate) fn new(kind: ModernKind) -> Self {
        Self { kind, keys: BTreeSet::new(), members: 0 }
    }

    /// Its protocol.
    pub fn kind(&self) -> ModernKind {
        self.kind
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members == 0
    }

    /// As ListGroups writes it. With members, the state depends on rules that are not served.
    pub fn state_name(&self) -> &'static str {
        if self.is_empty() { "Empty" } else { "Unknown" }
    }

    /// Whether a classic group may take its name.
    pub(crate) fn makes_room_for_classic(&self) -> bool {
        self.is_empty() && self.kind != ModernKind::Share
    }

    /// Whether it goes when nothing is left of it; those of kind share stay until they are deleted.
    pub(crate) fn expires(&self) -> bool {
        self.kind != ModernKind::Share
    }

    /// Whether a client may commit. Members cannot be served, so that only clients without an epoch can, where nobody
    /// is there; groups of kind share have no offsets of this form.
    pub(crate) fn validate_commit(&self, member_epoch: i32) -> Result<(), GroupError> {
        match self.kind {
            ModernKind::Share => Err(GroupError::GroupIdNotFound),
            _ if member_epoch < 0 && self.is_empty() => Ok(()),
            _ => Err(GroupError::UnknownMemberId),
        }
    }

    /// Whether a client may read the offsets. Members cannot be served.
    pub(crate) fn validate_offset_fetch(&self, member: Option<(&str, i32)>) -> Result<(), GroupError> {
        let is_member = member.is_some_and(|(_, epoch)| epoch >= 0);
        match self.kind {
            ModernKind::Share => Err(GroupError::GroupIdNotFound),
            _ if is_member => Err(GroupError::UnknownMemberId),
            _ => Ok(()),
        }
    }

    /// Whether offsets may be deleted: when nobody is there.
    pub(crate) fn validate_offset_delete(&self) -> Result<(), GroupError> {
        match self.kind {
            ModernKind::Share => Err(GroupError::GroupIdNotFound),
            _ if self.is_empty() => Ok(()),
            _ => Err(GroupError::NonEmptyGroup),
        }
    }

    /// Notes that the record with `key` is there, or not any more.
    pub(crate) fn note(&mut self, key: &Bytes, is_there: bool) {
        let is_changed =
            if is_there { self.keys.insert(Bytes::copy_from_slice(key)) } else { self.keys.remove(key) };
        if is_changed && is_member(key) {
            self.members = if is_there { self.members + 1 } else { self.members - 1 };
        }
    }

    /// Ends all that is known of the group; the group itself last, for Kafka refuses to end one that still has parts.
    pub(crate) fn tombstones(&self) -> impl Iterator<Item = CoordinatorRecord> + '_ {
        self.keys.iter().rev().map(|key| CoordinatorRecord { key: key.clone(), value: None })
    }
}

fn is_member(key: &[u8]) -> bool {
    matches!(RecordType::of(key), Ok(RecordType::Modern { part: ModernPart::Member, .. }))
}

#[cfg(test)]
mod tests {
    use coordinator::Shard;
    use types::Offset;

    use super::*;
    use crate::classic::cast::{Cast, heartbeat, id, join, joined, leave, sync};
    use crate::classic::{Heartbeat, JoinGroup};
    use crate::{GroupReply, GroupRequest};

    /// A record of the group `g`, of the type with this number, and of this member where it is about one.
    fn record(number: u8, member: &str, is_there: bool) -> CoordinatorRecord {
        let length = (!member.is_empty()).then_some([0, member.len() as u8]);
        let member = [length.as_ref().map_or(&[][..], |length| length), member.as_bytes()].concat();
        let key = [&[0, number, 0, 1, b'g'], &member[..]].concat();
        // Version 0, and ones: strings and arrays that are empty, and tags that nobody knows.
        let value = || [&[0, 0][..], &[1; 40]].concat().into();
        CoordinatorRecord { key: key.into(), value: is_there.then(value) }
    }

    fn cast(records: &[CoordinatorRecord]) -> Cast {
        let mut cast = Cast::new();
        for record in records {
            let written = coordinator::Written { offset: Offset(0), transaction: None };
            cast.shard.replay(written, record).expect("readable");
        }
        cast
    }

    fn with_a_member() -> Cast {
        cast(&[record(17, "", true), record(19, "m", true), record(22, "m", true)])
    }

    #[test]
    fn a_streams_group_with_members_is_not_taken_for_a_classic_one() {
        let mut cast = with_a_member();
        let refusal = joined(cast.answer(GroupRequest::Join(join("a"))));
        assert_eq!(refusal.error, Some(GroupError::InconsistentGroupProtocol));
        let unknown = GroupError::UnknownMemberId;
        let heartbeat = Heartbeat { member_id: "m".to_owned(), ..heartbeat("a", 1) };
        assert_eq!(cast.answer(GroupRequest::Heartbeat(heartbeat)), GroupReply::Heartbeat(Err(unknown)));
        assert_eq!(cast.answer(GroupRequest::Sync(sync("a", 1, &[]))), GroupReply::Sync(Err(unknown)));
        let GroupReply::Leave(Ok(left)) = cast.answer(GroupRequest::Leave(leave("a"))) else { panic!() };
        assert_eq!(left[0].error, Some(unknown));
        let group_id = "g".to_owned();
        assert_eq!(
            cast.answer(GroupRequest::Describe { group_id: group_id.clone() }),
            GroupReply::Describe(Err(GroupError::GroupIdNotFound))
        );
        assert_eq!(
            cast.answer(GroupRequest::Delete { group_id }),
            GroupReply::Delete(Err(GroupError::NonEmptyGroup))
        );
    }

    #[test]
    fn it_is_listed_as_what_it_is() {
        let mut cast = with_a_member();
        let types = ["Streams".to_owned()].into();
        let GroupReply::List(groups) = cast.answer(GroupRequest::List { states: [].into(), types }) else {
            panic!()
        };
        assert_eq!((groups[0].group_type, groups[0].state), ("streams", "Unknown"));
        let types = ["classic".to_owned()].into();
        let listed = cast.answer(GroupRequest::List { states: [].into(), types });
        assert_eq!(listed, GroupReply::List(vec![]));
    }

    #[test]
    fn an_empty_one_makes_room_and_its_records_end_with_the_group_last() {
        let mut cast = with_a_member();
        for gone in [record(22, "m", false), record(19, "m", false), record(20, "", true)] {
            let written = coordinator::Written { offset: Offset(0), transaction: None };
            cast.shard.replay(written, &gone).expect("readable");
        }
        let step = cast.join("a");
        assert_eq!(step.records[..2], [record(20, "", false), record(17, "", false)]);
        assert_eq!(step.records.len(), 3, "and the classic group begins");
        let GroupReply::Describe(Ok(group)) =
            cast.answer(GroupRequest::Describe { group_id: "g".to_owned() })
        else {
            panic!()
        };
        assert_eq!(group.state, "PreparingRebalance");
    }

    #[test]
    fn a_member_id_from_before_does_not_make_a_classic_group_of_an_empty_one() {
        let mut cast = cast(&[record(17, "", true)]);
        let request = JoinGroup { member_id: id("a"), ..join("a") };
        let step = cast.ask(GroupRequest::Join(request));
        assert_eq!(step.records, []);
        let (_, reply) = step.replies.into_iter().next().expect("an answer");
        assert_eq!(joined(reply).error, Some(GroupError::UnknownMemberId));
    }

    #[test]
    fn a_share_group_keeps_its_name_even_when_it_is_empty() {
        let mut cast = cast(&[record(11, "", true)]);
        let refusal = joined(cast.answer(GroupRequest::Join(join("a"))));
        assert_eq!(refusal.error, Some(GroupError::InconsistentGroupProtocol));
        assert_eq!(cast.pass(600_000).records, []);
        let deleted = cast.ask(GroupRequest::Delete { group_id: "g".to_owned() });
        assert_eq!(deleted.records, [record(11, "", false)]);
    }

    #[test]
    fn a_name_passes_to_another_protocol_only_when_the_group_has_ended() {
        let written = coordinator::Written { offset: Offset(0), transaction: None };
        let mut cast = Cast::stable(&["a"]);
        for number in [3, 11, 17] {
            for is_there in [true, false] {
                assert!(cast.shard.replay(written, &record(number, "", is_there)).is_err(), "{number}");
            }
        }
        let key = Bytes::from_static(&[0, 2, 0, 1, b'g']);
        cast.shard.replay(written, &CoordinatorRecord { key, value: None }).expect("its end");
        for (number, others) in [(3, [11, 17]), (11, [3, 17]), (17, [3, 11])] {
            cast.shard.replay(written, &record(number, "", true)).expect("nobody has the name");
            for other in others {
                assert!(cast.shard.replay(written, &record(other, "", true)).is_err(), "{number}, {other}");
            }
            if number == 3 {
                cast.shard.replay(written, &record(6, "", false)).expect("first what it has");
            }
            cast.shard.replay(written, &record(number, "", false)).expect("its end");
            assert!(cast.shard.groups().get("g").is_none());
        }
    }
}
