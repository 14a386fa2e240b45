//! Plays a scenario on a shard.
//!
//! ```text
//! settings KEY=VALUE...        broker settings, before everything else
//! join A [OPTION...]           the process A asks to join; with the id that it was given last, if any
//! sync A gen=N [assign=A:text,B:text] [type=T] [protocol=P]
//! heartbeat A gen=N            commit A [gen=N] [offset=N]
//! leave A B@instance @instance
//! describe, list, delete       tick MILLISECONDS
//! hb, topics, resolve, ...     see `play_consumer`
//! load                         the shard is dropped, and a new one made from the log
//! ```
//!
//! Options: `group=g` of all; `id=none`, `id=B` and `instance=i` where a member is named; for join `v=9` (version),
//! `session=45000`, `rebalance=60000`, `type=consumer`, `protocols=range:metadata,…` (`-`: none).

use std::collections::BTreeMap;

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Now, Shard, Step, Token, Written};
use group_coordinator::Cluster;
use group_coordinator::classic::{
    Heartbeat, JoinGroup, Joined, LeaveGroup, LeavingMember, MemberLeft, Protocol, SyncGroup, Synced,
};
use group_coordinator::consumer::{HeardReply, MigrationPolicy, ResolveTopics};
use group_coordinator::offsets::{CommitOffset, CommitOffsets};
use group_coordinator::{GroupError, GroupReply, GroupRequest, GroupSettings, GroupShard};
use protocol::Reader;
use protocol::records::group_metadata_key::GroupMetadataKey;
use protocol::records::group_metadata_value::GroupMetadataValue;
use protocol::records::offset_commit_key::OffsetCommitKey;
use protocol::records::offset_commit_value::OffsetCommitValue;
use types::{LeaderEpoch, Offset, TopicPartition, Uuid};

use crate::cluster::Topics;
use crate::words::{bytes, error_name, quoted, string, verdict};

/// Wall clock when a scenario begins.
pub const START_MS: i64 = 1_700_000_000_000;

/// What brokers are configured with by default.
pub const SETTINGS: GroupSettings = GroupSettings {
    session_timeout_ms_min: 6_000,
    session_timeout_ms_max: 1_800_000,
    initial_rebalance_delay_ms: 3_000,
    members_max: i32::MAX as usize,
    offset_metadata_bytes_max: 4_096,
    offsets_retention_ms: 7 * 24 * 60 * 60 * 1_000,
    offsets_retention_check_interval_ms: 600_000,
    consumer: group_coordinator::consumer::ConsumerSettings::DEFAULT,
};

/// The time `uptime_ms` after the start.
pub fn at(uptime_ms: i64) -> Now {
    Now { clock_ms: START_MS + uptime_ms, uptime_ms }
}

/// A scenario that is being played.
pub struct Play {
    settings: GroupSettings,
    pub shard: Option<GroupShard>,
    pub cluster: Topics,
    /// Patterns that somebody is to look at.
    pub resolving: Vec<ResolveTopics>,
    pub now_ms: i64,
    /// All that was appended.
    pub log: Vec<CoordinatorRecord>,
    told: usize,
    pub tokens: u64,
    /// The process behind each request.
    pub callers: BTreeMap<Token, String>,
    /// Names of member ids.
    aliases: BTreeMap<String, String>,
    /// The epoch that each process was told last.
    pub epochs: BTreeMap<String, i32>,
    /// Each process's member id.
    ids: BTreeMap<String, String>,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            settings: SETTINGS,
            shard: None,
            cluster: Topics::default(),
            resolving: Vec::new(),
            now_ms: 0,
            log: Vec::new(),
            told: 0,
            tokens: 0,
            callers: BTreeMap::new(),
            aliases: BTreeMap::new(),
            epochs: BTreeMap::new(),
            ids: BTreeMap::new(),
        }
    }
}

/// The words of a command: names, and options.
pub struct Words<'a> {
    names: Vec<&'a str>,
    pub options: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    pub fn option(&self, key: &str, default: &'a str) -> &'a str {
        self.options.get(key).copied().unwrap_or(default)
    }

    pub fn owned(&self, key: &str) -> Option<String> {
        self.options.get(key).map(|&value| value.to_owned())
    }

    pub fn number(&self, key: &str, default: i32) -> i32 {
        self.options.get(key).map_or(default, |value| value.parse().expect("a number"))
    }

    pub fn group(&self) -> String {
        self.option("group", "g").to_owned()
    }
}

impl Play {
    /// The scenario with what came of it.
    pub fn play(&mut self, text: &str) -> String {
        let mut out = String::new();
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            out += &format!("{line}\n");
            if !line.trim().is_empty() && !line.starts_with('#') {
                for result in self.command(line) {
                    out += &format!("  {result}\n");
                }
            }
        }
        out
    }

    fn command(&mut self, line: &str) -> Vec<String> {
        let mut words = Words { names: Vec::new(), options: BTreeMap::new() };
        for word in line.split_whitespace() {
            match word.split_once('=') {
                Some((key, value)) => drop(words.options.insert(key, value)),
                None => words.names.push(word),
            }
        }
        let verb = words.names.remove(0);
        if verb == "settings" {
            self.set(&words);
            return Vec::new();
        }
        if verb == "topics" {
            self.topics(&words);
            return Vec::new();
        }
        if verb == "load" || self.shard.is_none() {
            self.load();
        }
        let name = words.names.first().copied().unwrap_or_default();
        let request = match verb {
            "load" => return self.results(""),
            "resolve" => {
                self.resolve();
                return self.results("");
            }
            "tick" => return self.tick(name.parse().expect("milliseconds")),
            "join" => GroupRequest::Join(self.join(name, &words)),
            "sync" => GroupRequest::Sync(self.sync(name, &words)),
            "heartbeat" => GroupRequest::Heartbeat(Heartbeat {
                group_id: words.group(),
                generation: words.number("gen", -1),
                member_id: self.member_id(name, &words),
                group_instance_id: words.owned("instance"),
            }),
            "leave" => GroupRequest::Leave(LeaveGroup {
                group_id: words.group(),
                members: words.names.iter().map(|member| self.leaving(member)).collect(),
            }),
            "commit" => GroupRequest::CommitOffsets(self.commit(name, &words)),
            "hb" => GroupRequest::ConsumerHeartbeat(Box::new(self.hb(name, &words))),
            "describe-consumer" => GroupRequest::ConsumerDescribe { group_id: words.group() },
            "describe" => GroupRequest::Describe { group_id: words.group() },
            "list" => GroupRequest::List { states: Default::default(), types: Default::default() },
            "delete" => GroupRequest::Delete { group_id: words.group() },
            _ => panic!("no such command: {line}"),
        };
        let step = self.ask(request);
        self.callers.insert(Token(self.tokens), name.to_owned());
        let replies = self.take(step);
        self.told(replies, "")
    }

    /// Asks under the next token.
    pub fn ask(&mut self, request: GroupRequest) -> Step<GroupReply> {
        self.tokens += 1;
        let (token, now) = (Token(self.tokens), at(self.now_ms));
        self.shard().handle(token, request, now)
    }

    fn set(&mut self, words: &Words<'_>) {
        for (key, value) in &words.options {
            let value = value.parse::<i32>().unwrap_or(-1);
            let consumer = &mut self.settings.consumer;
            match *key {
                "group.consumer.max.size" => consumer.members_max = value as usize,
                "group.consumer.session.timeout.ms" => self.cluster.settings.session_timeout_ms = value,
                "group.consumer.assignment.interval.ms" => {
                    self.cluster.settings.assignment_interval_ms = value;
                }
                "group.consumer.migration.policy" => {
                    consumer.migration = match words.options[key] {
                        "disabled" => MigrationPolicy::Disabled,
                        "upgrade" => MigrationPolicy::Upgrade,
                        "downgrade" => MigrationPolicy::Downgrade,
                        _ => MigrationPolicy::Bidirectional,
                    }
                }
                "group.max.size" => self.settings.members_max = value as usize,
                "group.initial.rebalance.delay.ms" => self.settings.initial_rebalance_delay_ms = value,
                "offsets.retention.minutes" => self.settings.offsets_retention_ms = i64::from(value) * 60_000,
                _ => panic!("no such setting: {key}"),
            }
        }
    }

    fn load(&mut self) {
        let mut shard = GroupShard::with_cluster(self.settings, self.cluster.view());
        for (offset, record) in self.log.iter().enumerate() {
            let written = Written { offset: Offset(offset as i64), transaction: None };
            shard.replay(written, record).expect("what was written can be read");
        }
        let step = shard.loaded(LeaderEpoch(0), at(self.now_ms));
        assert_eq!(step, Step::default(), "loading writes nothing");
        self.shard = Some(shard);
        self.callers.clear();
    }

    fn shard(&mut self) -> &mut GroupShard {
        self.shard.as_mut().expect("commands begin by loading it")
    }

    fn tick(&mut self, ms: i64) -> Vec<String> {
        let end_ms = self.now_ms + ms;
        let mut results = Vec::new();
        while let Some(deadline_ms) =
            self.shard().next_deadline_ms().filter(|deadline_ms| *deadline_ms <= end_ms)
        {
            self.now_ms = deadline_ms.max(self.now_ms);
            let now = at(self.now_ms);
            let step = self.shard().handle_timeout(now);
            let replies = self.take(step);
            let prefix = format!("@{} ", self.now_ms);
            results.extend(self.told(replies, &prefix));
        }
        self.now_ms = end_ms;
        results
    }

    pub fn take(&mut self, step: Step<GroupReply>) -> Vec<(Token, GroupReply)> {
        self.log.extend(step.records);
        step.replies.into_iter().flat_map(|(token, reply)| self.work(token, reply)).collect()
    }

    fn told(&mut self, replies: Vec<(Token, GroupReply)>, prefix: &str) -> Vec<String> {
        let replies: Vec<_> = replies
            .into_iter()
            .map(|(token, reply)| (self.callers.remove(&token).expect("each is answered once"), reply))
            .collect();
        for (caller, reply) in &replies {
            match reply {
                GroupReply::Join(joined) => self.meet(caller, &joined.member_id),
                GroupReply::ConsumerHeartbeat(HeardReply { answer: Ok(heard), .. }) => {
                    self.meet(caller, &heard.member_id);
                    self.epochs.insert(caller.clone(), heard.member_epoch);
                }
                _ => {}
            }
        }
        let mut lines: Vec<_> = replies.iter().map(|(caller, reply)| self.text(caller, reply)).collect();
        lines.sort();
        lines.extend(self.results(""));
        lines.into_iter().map(|line| format!("{prefix}{line}")).collect()
    }

    /// What was written since the last call.
    fn results(&mut self, prefix: &str) -> Vec<String> {
        let from = std::mem::replace(&mut self.told, self.log.len());
        let mut lines = Vec::new();
        // Where Kafka goes through a map, the order means nothing.
        for run in self.log[from..].chunk_by(|one, next| one.key[..2] == next.key[..2]) {
            let mut run: Vec<_> =
                run.iter().map(|record| format!("{prefix}log {}", self.record(record))).collect();
            run.sort();
            lines.extend(run);
        }
        lines
    }

    fn meet(&mut self, caller: &str, member_id: &str) {
        if !member_id.is_empty() && !self.aliases.contains_key(member_id) {
            let mut alias = caller.to_owned();
            while self.aliases.values().any(|taken| *taken == alias) {
                alias += "'";
            }
            self.aliases.insert(member_id.to_owned(), alias);
            self.ids.insert(caller.to_owned(), member_id.to_owned());
        }
    }

    fn join(&mut self, name: &str, words: &Words<'_>) -> JoinGroup {
        let version = words.number("v", 9);
        let own = format!("range:{name}");
        let protocols = words.options.get("protocols").copied().unwrap_or(&own).split(',');
        let protocols = protocols.filter_map(|protocol| protocol.split_once(':'));
        let protocols = protocols
            .map(|(name, metadata)| Protocol { name: name.to_owned(), metadata: bytes(metadata) })
            .collect();
        JoinGroup {
            group_id: words.group(),
            member_id: self.member_id(name, words),
            group_instance_id: words.owned("instance"),
            client_id: name.to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            rebalance_timeout_ms: words.number("rebalance", 60_000),
            session_timeout_ms: words.number("session", 45_000),
            protocol_type: words.option("type", "consumer").to_owned(),
            protocols,
            needs_known_member_id: version >= 4,
            knows_skip_assignment: version >= 9,
            reason: None,
            fresh_id: Uuid::from_halves(0, self.tokens + 1),
        }
    }

    fn sync(&mut self, name: &str, words: &Words<'_>) -> SyncGroup {
        let assignments = words.option("assign", "").split(',').filter_map(|pair| pair.split_once(':'));
        let assignments =
            assignments.map(|(member, assignment)| (self.id(member), bytes(assignment))).collect();
        SyncGroup {
            group_id: words.group(),
            generation: words.number("gen", -1),
            member_id: self.member_id(name, words),
            group_instance_id: words.owned("instance"),
            protocol_type: words.owned("type"),
            protocol_name: words.owned("protocol"),
            assignments,
        }
    }

    fn leaving(&self, member: &str) -> LeavingMember {
        let (name, instance) = member.split_once('@').map_or((member, None), |(name, id)| (name, Some(id)));
        LeavingMember {
            member_id: if name.is_empty() { String::new() } else { self.id(name) },
            group_instance_id: instance.map(str::to_owned),
            reason: None,
        }
    }

    fn commit(&self, name: &str, words: &Words<'_>) -> CommitOffsets {
        CommitOffsets {
            group_id: words.group(),
            member_id: self.member_id(name, words),
            group_instance_id: words.owned("instance"),
            generation_or_member_epoch: words.number("gen", -1),
            knows_member_epochs: words.number("v", 9) >= 9,
            retention_ms: None,
            offsets: vec![CommitOffset {
                partition: TopicPartition::new(words.option("topic", "t"), words.number("partition", 0)),
                topic_id: self.cluster.topic(words.option("topic", "t")).map(|topic| topic.id),
                offset: Offset(i64::from(words.number("offset", 1))),
                leader_epoch: None,
                metadata: String::new(),
            }],
        }
    }

    fn member_id(&self, name: &str, words: &Words<'_>) -> String {
        match words.options.get("id") {
            None => self.ids.get(name).cloned().unwrap_or_default(),
            Some(&"none") => String::new(),
            Some(other) => self.id(other),
        }
    }

    pub fn id(&self, name: &str) -> String {
        self.ids.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    pub fn alias(&self, member_id: &str) -> String {
        match (self.aliases.get(member_id), member_id.len()) {
            (_, 0) => "-".to_owned(),
            (Some(alias), _) => alias.clone(),
            // An id that nobody was told yet: the name in front of the random part.
            (None, 38..) => format!("{}?", &member_id[..member_id.len() - 37]),
            (None, _) => member_id.to_owned(),
        }
    }

    fn text(&self, caller: &str, reply: &GroupReply) -> String {
        match reply {
            GroupReply::Join(joined) => format!("{caller} join: {}", self.joined(joined)),
            GroupReply::Sync(synced) => format!("{caller} sync: {}", synced_text(synced)),
            GroupReply::Heartbeat(answer) => format!("{caller} heartbeat: {}", verdict(answer.err())),
            GroupReply::Leave(Ok(left)) => {
                let left: Vec<_> = left.iter().map(|member| self.left(member)).collect();
                format!("leave: {}", left.join(", "))
            }
            GroupReply::CommitOffsets(Ok(committed)) => {
                format!("{caller} commit: {}", verdict(committed[0].error))
            }
            GroupReply::CommitOffsets(Err(error)) => format!("{caller} commit: {}", error_name(*error)),
            GroupReply::Describe(Ok(group)) => {
                let mut members: Vec<_> = group
                    .members
                    .iter()
                    .map(|member| {
                        let (metadata, assignment) = (string(&member.metadata), string(&member.assignment));
                        format!(" {}={metadata}:{assignment}", self.alias(&member.member_id))
                    })
                    .collect();
                members.sort();
                let (kind, protocol) = (&group.protocol_type, &group.protocol_name);
                format!("describe: {} {kind}/{protocol}{}", group.state, members.concat())
            }
            GroupReply::Describe(Err(error)) => format!("describe: {}", error_name(*error)),
            GroupReply::List(groups) => {
                let groups: Vec<_> = groups
                    .iter()
                    .map(|group| {
                        let kind = quoted(Some(&group.protocol_type));
                        format!("{} {} {} {kind}", group.group_id, group.group_type, group.state)
                    })
                    .collect();
                format!("list: {}", groups.join(", "))
            }
            GroupReply::ConsumerHeartbeat(reply) => self.heard(caller, reply),
            GroupReply::ConsumerDescribe(described) => self.described(described),
            GroupReply::Delete(answer) => format!("delete: {}", verdict(answer.err())),
            other => panic!("no words for {other:?}"),
        }
    }

    fn joined(&self, joined: &Joined) -> String {
        let (kind, name) = (joined.protocol_type.as_deref(), joined.protocol_name.as_deref());
        let (id, generation) = (self.alias(&joined.member_id), joined.generation);
        if let Some(error) = joined.error {
            let (name, kind) = (quoted(name), quoted(kind));
            return format!(
                "{} id={id} generation={generation} protocol={name} type={kind}",
                error_name(error)
            );
        }
        let mut members: Vec<_> = joined
            .members
            .iter()
            .map(|member| {
                let instance = member.group_instance_id.as_ref().map_or(String::new(), |id| format!("@{id}"));
                format!(" {}{instance}={}", self.alias(&member.member_id), string(&member.metadata))
            })
            .collect();
        members.sort();
        let skip = if joined.skip_assignment { ", skip" } else { "" };
        let members =
            if members.is_empty() { String::new() } else { format!(", members{}", members.concat()) };
        let (kind, name) = (kind.unwrap_or("null"), name.unwrap_or("null"));
        let leader = self.alias(&joined.leader);
        format!("generation {generation} of {kind}/{name}, id {id}, leader {leader}{skip}{members}")
    }

    fn left(&self, member: &MemberLeft) -> String {
        let name = if member.member_id.is_empty() { String::new() } else { self.alias(&member.member_id) };
        let instance = member.group_instance_id.as_ref().map_or(String::new(), |id| format!("@{id}"));
        format!("{name}{instance} {}", verdict(member.error))
    }

    fn record(&self, record: &CoordinatorRecord) -> String {
        let mut key = Reader::new(record.key.clone());
        let number = key.i16();
        if matches!(number, Ok(3..=16)) {
            return self.consumer_record(record);
        }
        if number == Ok(1) {
            let key = OffsetCommitKey::decode(&mut key, 0).expect("a key");
            let value = record.value.clone().map(|value| {
                let (version, mut value) = versioned(value);
                OffsetCommitValue::decode(&mut value, version).expect("a value").offset
            });
            let value = value.map_or("gone".to_owned(), |offset| format!("offset {offset}"));
            return format!("{}/{}-{}: {value}", key.group, key.topic, key.partition);
        }
        let group = GroupMetadataKey::decode(&mut key, 0).expect("a key").group;
        let Some(value) = record.value.clone() else { return format!("{group}: gone") };
        let (version, mut value) = versioned(value);
        let value = GroupMetadataValue::decode(&mut value, version).expect("a value");
        let mut members: Vec<_> = value
            .members
            .iter()
            .map(|member| {
                let instance = member.group_instance_id.as_ref().map_or(String::new(), |id| format!("@{id}"));
                let (subscription, assignment) = (string(&member.subscription), string(&member.assignment));
                let timeouts = format!("{}:{}", member.rebalance_timeout, member.session_timeout);
                format!(" {}{instance}={subscription}:{assignment}:{timeouts}", self.alias(&member.member_id))
            })
            .collect();
        members.sort();
        let members =
            if members.is_empty() { String::new() } else { format!(", members{}", members.concat()) };
        let leader = value.leader.as_ref().map_or("null".to_owned(), |leader| self.alias(leader));
        let (kind, protocol) = (quoted(Some(&value.protocol_type)), quoted(value.protocol.as_deref()));
        let (generation, since_ms) = (value.generation, value.current_state_timestamp - START_MS);
        format!(
            "{group}: generation {generation} of {kind}/{protocol}, leader {leader}, since @{since_ms}{members}"
        )
    }
}

fn versioned(value: Bytes) -> (i16, Reader) {
    let mut reader = Reader::new(value);
    (reader.i16().expect("a version"), reader)
}

fn synced_text(synced: &Result<Synced, GroupError>) -> String {
    match synced {
        Ok(synced) => {
            let (kind, name) = (synced.protocol_type.as_deref(), synced.protocol_name.as_deref());
            let assignment = quoted(Some(&string(&synced.assignment)));
            format!("{}/{} {assignment}", kind.unwrap_or("null"), name.unwrap_or("null"))
        }
        Err(error) => error_name(*error).to_owned(),
    }
}
