//! For tests: a shard, and requests as clients send them.

use bytes::Bytes;
use coordinator::{Now, Shard, Step, Token};
use types::Uuid;

use super::{Heartbeat, JoinGroup, Joined, LeaveGroup, LeavingMember, Protocol, SyncGroup};
use crate::{GroupReply, GroupRequest, GroupSettings, GroupShard};

pub(crate) const SETTINGS: GroupSettings = GroupSettings {
    session_timeout_ms_min: 6_000,
    session_timeout_ms_max: 1_800_000,
    initial_rebalance_delay_ms: 3_000,
    members_max: usize::MAX,
    offset_metadata_bytes_max: 4_096,
    offsets_retention_ms: 604_800_000,
    offsets_retention_check_interval_ms: 600_000,
    consumer: crate::consumer::ConsumerSettings::DEFAULT,
};

pub(crate) fn at(uptime_ms: i64) -> Now {
    Now { clock_ms: 1_700_000_000_000 + uptime_ms, uptime_ms }
}

/// A shard and its time.
pub(crate) struct Cast {
    pub(crate) shard: GroupShard,
    pub(crate) now_ms: i64,
    tokens: u64,
}

impl Cast {
    pub(crate) fn new() -> Self {
        Self { shard: GroupShard::new(SETTINGS), now_ms: 0, tokens: 0 }
    }

    /// Asks, under the next token from 1 on.
    pub(crate) fn ask(&mut self, request: GroupRequest) -> Step<GroupReply> {
        self.tokens += 1;
        self.shard.handle(Token(self.tokens), request, at(self.now_ms))
    }

    /// Asks, and is answered at once.
    pub(crate) fn answer(&mut self, request: GroupRequest) -> GroupReply {
        let step = self.ask(request);
        let own = step.replies.into_iter().find(|(token, _)| *token == Token(self.tokens));
        own.expect("an answer at once").1
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, ms: i64) -> Step<GroupReply> {
        self.now_ms += ms;
        self.shard.handle_timeout(at(self.now_ms))
    }

    /// The client joins group `g` in the way of v3: its id is `NAME-00000000-0000-0000-0000-000000000000`.
    pub(crate) fn join(&mut self, name: &str) -> Step<GroupReply> {
        self.ask(GroupRequest::Join(join(name)))
    }

    /// A group of these members in its first generation; the first leads, nobody has synced.
    pub(crate) fn generation_of(names: &[&str]) -> Self {
        let mut cast = Self::new();
        for name in names {
            assert_eq!(cast.join(name).replies, []);
        }
        // Members that came meanwhile put the end off once.
        let told = cast.pass(3_000).replies.len() + cast.pass(3_000).replies.len();
        assert_eq!(told, names.len());
        cast
    }

    /// As [`Cast::generation_of`], and everybody has an assignment.
    pub(crate) fn stable(names: &[&str]) -> Self {
        let mut cast = Self::generation_of(names);
        for name in names {
            let _ = cast.ask(GroupRequest::Sync(sync(name, 1, &[])));
        }
        cast
    }
}

pub(crate) fn id(name: &str) -> String {
    format!("{name}-00000000-0000-0000-0000-000000000000")
}

pub(crate) fn join(name: &str) -> JoinGroup {
    JoinGroup {
        group_id: "g".to_owned(),
        member_id: String::new(),
        group_instance_id: None,
        client_id: name.to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        rebalance_timeout_ms: 60_000,
        session_timeout_ms: 45_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![Protocol { name: "range".to_owned(), metadata: Bytes::new() }],
        needs_known_member_id: false,
        knows_skip_assignment: true,
        reason: None,
        fresh_id: Uuid::ZERO,
    }
}

pub(crate) fn join_again(name: &str) -> JoinGroup {
    JoinGroup { member_id: id(name), ..join(name) }
}

pub(crate) fn sync(name: &str, generation: i32, assignments: &[(&str, &'static str)]) -> SyncGroup {
    let assigned = |(name, share): &(&str, &'static str)| (id(name), Bytes::from_static(share.as_bytes()));
    SyncGroup {
        group_id: "g".to_owned(),
        generation,
        member_id: id(name),
        group_instance_id: None,
        protocol_type: Some("consumer".to_owned()),
        protocol_name: Some("range".to_owned()),
        assignments: assignments.iter().map(assigned).collect(),
    }
}

pub(crate) fn heartbeat(name: &str, generation: i32) -> Heartbeat {
    Heartbeat { group_id: "g".to_owned(), generation, member_id: id(name), group_instance_id: None }
}

pub(crate) fn leave(name: &str) -> LeaveGroup {
    let member = LeavingMember { member_id: id(name), group_instance_id: None, reason: None };
    LeaveGroup { group_id: "g".to_owned(), members: vec![member] }
}

pub(crate) fn joined(reply: GroupReply) -> Joined {
    match reply {
        GroupReply::Join(joined) => joined,
        other => panic!("not of JoinGroup: {other:?}"),
    }
}
