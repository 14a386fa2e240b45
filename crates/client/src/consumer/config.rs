//! Settings of a consumer. Names and defaults are Kafka's.

use std::sync::Arc;
use std::time::Duration;

use crate::consumer::assignor::Assignor;
use crate::consumer::interceptor::ConsumerInterceptor;

/// Which records of transactions are seen (`isolation.level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsolationLevel {
    /// All, up to the high watermark.
    ReadUncommitted,
    /// Those of committed transactions, up to the last stable offset (KIP-98).
    ReadCommitted,
}

impl IsolationLevel {
    /// The number in requests.
    pub(crate) const fn number(self) -> i8 {
        match self {
            Self::ReadUncommitted => 0,
            Self::ReadCommitted => 1,
        }
    }
}

/// Where to go on when nothing is committed, or the offset asked for does not exist (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetReset {
    /// `earliest`: at the first record there is.
    Earliest,
    /// `latest`: behind the last record.
    Latest,
    /// `by_duration:…`: at the first record that is no older than this (KIP-1106); at the end where there is none.
    ByDuration(Duration),
    /// `none`: nowhere, it is an error.
    Fail,
}

/// How the members of a group share partitions out (`group.protocol`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupProtocol {
    /// `classic`: one of them does, when all have joined.
    #[default]
    Classic,
    /// `consumer`: the coordinator does, and tells each member (KIP-848). Session and heartbeats are as the brokers and the
    /// group are configured.
    Consumer,
}

/// How a consumer reads, and what it is to its group.
///
/// ```
/// use std::time::Duration;
/// use client::consumer::{Assignor, ConsumerConfig, OffsetReset};
///
/// let config = ConsumerConfig::of_group("payments")
///     .auto_offset_reset(OffsetReset::Earliest)
///     .enable_auto_commit(false)
///     .partition_assignment_strategy([Assignor::CooperativeSticky])
///     .session_timeout(Duration::from_secs(10));
/// assert_eq!(config.group_id.as_deref(), Some("payments"));
/// ```
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// `group.id`; needed to subscribe and to commit.
    pub group_id: Option<String>,
    /// `group.instance.id`: a static member (KIP-345) keeps its partitions while it starts anew.
    pub group_instance_id: Option<String>,
    /// `group.protocol`.
    pub group_protocol: GroupProtocol,
    /// `group.remote.assignor`: how the coordinator shares partitions out in the consumer protocol; `None`: as it likes best.
    pub group_remote_assignor: Option<String>,
    /// `partition.assignment.strategy`, the preferred one first; of the classic protocol.
    pub partition_assignment_strategy: Vec<Assignor>,
    /// `session.timeout.ms`: a member that was silent for so long is dead; of the classic protocol.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`; of the classic protocol.
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`: a member that does not poll for so long gives its partitions up.
    pub max_poll_interval: Duration,
    /// `enable.auto.commit`: positions are committed while the application polls.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`.
    pub auto_commit_interval: Duration,
    /// `allow.auto.create.topics`: asking for a topic may create it, if the brokers do so.
    pub allow_auto_create_topics: bool,
    /// `default.api.timeout.ms`: how long calls wait that wait at all.
    pub default_api_timeout: Duration,
    /// `isolation.level`.
    pub isolation_level: IsolationLevel,
    /// `auto.offset.reset`.
    pub offset_reset: OffsetReset,
    /// `fetch.min.bytes`.
    pub fetch_min_bytes: i32,
    /// `fetch.max.bytes`: about the largest answer. Two answers of each broker are held at most.
    pub fetch_max_bytes: i32,
    /// `max.partition.fetch.bytes`.
    pub max_partition_fetch_bytes: i32,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait: Duration,
    /// `check.crcs`.
    pub check_crcs: bool,
    /// `max.poll.records`: the most records that one poll hands out.
    pub max_poll_records: usize,
    /// `client.rack`: where this consumer is; brokers may name a replica that is nearer than the leader (KIP-392), and groups
    /// share partitions out so that they are near (KIP-881).
    pub client_rack: String,
    /// `interceptor.classes`: in this order.
    pub interceptors: Vec<Arc<dyn ConsumerInterceptor>>,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            group_id: None,
            group_instance_id: None,
            group_protocol: GroupProtocol::Classic,
            group_remote_assignor: None,
            partition_assignment_strategy: vec![Assignor::Range, Assignor::CooperativeSticky],
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            max_poll_interval: Duration::from_secs(300),
            enable_auto_commit: true,
            auto_commit_interval: Duration::from_secs(5),
            allow_auto_create_topics: true,
            default_api_timeout: Duration::from_secs(60),
            isolation_level: IsolationLevel::ReadUncommitted,
            offset_reset: OffsetReset::Latest,
            fetch_min_bytes: 1,
            fetch_max_bytes: 50 << 20,
            max_partition_fetch_bytes: 1 << 20,
            fetch_max_wait: Duration::from_millis(500),
            check_crcs: true,
            max_poll_records: 500,
            client_rack: String::new(),
            interceptors: Vec::new(),
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty => $field:ident),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: $type) -> Self {
            self.$field = value;
            self
        })+
    };
}

impl ConsumerConfig {
    /// Kafka's defaults for a member of this group.
    pub fn of_group(group_id: impl Into<String>) -> Self {
        Self { group_id: Some(group_id.into()), ..Self::default() }
    }

    /// Sets `group.instance.id`.
    #[must_use]
    pub fn group_instance_id(mut self, id: impl Into<String>) -> Self {
        self.group_instance_id = Some(id.into());
        self
    }

    /// Sets `group.remote.assignor`.
    #[must_use]
    pub fn group_remote_assignor(mut self, assignor: impl Into<String>) -> Self {
        self.group_remote_assignor = Some(assignor.into());
        self
    }

    /// Sets `partition.assignment.strategy`.
    #[must_use]
    pub fn partition_assignment_strategy(mut self, assignors: impl IntoIterator<Item = Assignor>) -> Self {
        self.partition_assignment_strategy = assignors.into_iter().collect();
        self
    }

    /// Sets `client.rack`.
    #[must_use]
    pub fn client_rack(mut self, rack: impl Into<String>) -> Self {
        self.client_rack = rack.into();
        self
    }

    /// Adds to `interceptor.classes`.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl ConsumerInterceptor + 'static) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    setters! {
        /// Sets `max.poll.records`.
        max_poll_records: usize => max_poll_records,
        /// Sets `group.protocol`.
        group_protocol: GroupProtocol => group_protocol,
        /// Sets `session.timeout.ms`.
        session_timeout: Duration => session_timeout,
        /// Sets `heartbeat.interval.ms`.
        heartbeat_interval: Duration => heartbeat_interval,
        /// Sets `max.poll.interval.ms`.
        max_poll_interval: Duration => max_poll_interval,
        /// Sets `enable.auto.commit`.
        enable_auto_commit: bool => enable_auto_commit,
        /// Sets `auto.commit.interval.ms`.
        auto_commit_interval: Duration => auto_commit_interval,
        /// Sets `allow.auto.create.topics`.
        allow_auto_create_topics: bool => allow_auto_create_topics,
        /// Sets `default.api.timeout.ms`.
        default_api_timeout: Duration => default_api_timeout,
        /// Sets `isolation.level`.
        isolation_level: IsolationLevel => isolation_level,
        /// Sets `auto.offset.reset`.
        auto_offset_reset: OffsetReset => offset_reset,
        /// Sets `fetch.min.bytes`.
        fetch_min_bytes: i32 => fetch_min_bytes,
        /// Sets `fetch.max.bytes`.
        fetch_max_bytes: i32 => fetch_max_bytes,
        /// Sets `max.partition.fetch.bytes`.
        max_partition_fetch_bytes: i32 => max_partition_fetch_bytes,
        /// Sets `fetch.max.wait.ms`.
        fetch_max_wait: Duration => fetch_max_wait,
        /// Sets `check.crcs`.
        check_crcs: bool => check_crcs,
    }

    /// Where it is, if it says so.
    pub(crate) fn rack(&self) -> Option<String> {
        Some(self.client_rack.clone()).filter(|rack| !rack.is_empty())
    }

    /// Whether positions are committed by themselves: only members of a group have somebody to commit to.
    pub(crate) fn commits_by_itself(&self) -> bool {
        self.enable_auto_commit && self.group_id.is_some()
    }

    /// Whether members keep partitions through a rebalance: only where every strategy can (KIP-429).
    pub(crate) fn is_cooperative(&self) -> bool {
        let strategies = &self.partition_assignment_strategy;
        !strategies.is_empty() && strategies.iter().all(|assignor| assignor.is_cooperative())
    }
}
