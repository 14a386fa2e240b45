//! A member of a classic group.

use std::collections::BTreeMap;

use bytes::Bytes;
use coordinator::Token;

use super::{JoinGroup, Protocol};
use crate::timers::{Alarm, MemberId};

/// A member, with the requests of it that are parked.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: MemberId,
    pub(crate) group_instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) says: Says,
    pub(crate) assignment: Bytes,
    /// Its JoinGroup, while the group waits for others.
    pub(crate) awaiting_join: Option<Token>,
    /// Its SyncGroup, while the leader has not assigned.
    pub(crate) awaiting_sync: Option<Token>,
    /// It has not been answered for the first time: it cannot send heartbeats.
    pub(crate) is_new: bool,
    pub(crate) session: Alarm,
}

/// What a member says of itself each time it joins.
#[derive(Debug)]
pub(crate) struct Says {
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    /// In its order of preference.
    pub(crate) protocols: Vec<Protocol>,
}

impl Says {
    /// As the request has it: copies, for what is kept for long shall not keep the whole request.
    pub(crate) fn in_request(request: &JoinGroup) -> Self {
        let own = |protocol: &Protocol| Protocol {
            name: protocol.name.clone(),
            metadata: Bytes::copy_from_slice(&protocol.metadata),
        };
        Self {
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols.iter().map(own).collect(),
        }
    }
}

impl Member {
    /// The member that a JoinGroup makes.
    pub(crate) fn joining(id: MemberId, request: &JoinGroup) -> Self {
        Self {
            id,
            group_instance_id: request.group_instance_id.clone(),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            says: Says::in_request(request),
            assignment: Bytes::new(),
            awaiting_join: None,
            awaiting_sync: None,
            is_new: true,
            session: Alarm::default(),
        }
    }

    /// What it said for a protocol; nothing where it does not have it.
    pub(crate) fn metadata(&self, protocol_name: &str) -> Bytes {
        let found = self.says.protocols.iter().find(|protocol| protocol.name == protocol_name);
        found.map(|protocol| protocol.metadata.clone()).unwrap_or_default()
    }

    /// Its favourite among those that `supporters` says all `members` have.
    pub(crate) fn vote(&self, supporters: &BTreeMap<String, usize>, members: usize) -> Option<&str> {
        let names = self.says.protocols.iter().map(|protocol| protocol.name.as_str());
        names.into_iter().find(|name| supporters.get(*name) == Some(&members))
    }

    /// Whether its silence is excused: it waits for us. A new one is given up even so, for its client may be gone.
    pub(crate) fn is_excused(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }

    /// The names of its protocols, each once.
    pub(crate) fn protocol_names(protocols: &[Protocol]) -> impl Iterator<Item = &str> {
        let is_first =
            |(at, name): &(usize, &str)| !protocols[..*at].iter().any(|earlier| earlier.name == *name);
        protocols
            .iter()
            .map(|protocol| protocol.name.as_str())
            .enumerate()
            .filter(is_first)
            .map(|(_, name)| name)
    }
}
