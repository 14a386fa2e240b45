//! Plays what is about consumer groups (KIP-848).
//!
//! ```text
//! topics t=4 u=2 v=-           topics are made, get partitions, or go
//! hb A [OPTION...]             ConsumerGroupHeartbeat
//! resolve                      patterns are looked at, if anybody asked for that
//! describe-consumer
//! ```
//!
//! Options of hb: `epoch=0` (`.`: as the process was told last), `instance=i`, `rack=r`, `topics=t,u` (`-`: none), `regex=r` (`-`: empty), `rebalance=60000`,
//! `assignor=range`, `owned=t:0,1;u:2` (`-`: nothing). Target assignments are made at once, by the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coordinator::{CoordinatorRecord, Shard, Token};
use group_coordinator::assignors::{Assignment, TopicAssignment};
use group_coordinator::consumer::{
    ConsumerGroupDescription, ConsumerHeartbeat, ConsumerMemberDescription, HeardReply, NamedPartitions,
};
use group_coordinator::topic_pattern::TopicPattern;
use group_coordinator::{Cluster, GroupError, GroupReply, GroupRequest};
use protocol::records::consumer_group_current_member_assignment_value::{
    ConsumerGroupCurrentMemberAssignmentValue, TopicPartitions,
};
use protocol::records::consumer_group_member_metadata_value::ConsumerGroupMemberMetadataValue;
use protocol::records::consumer_group_metadata_value::ConsumerGroupMetadataValue;
use protocol::records::consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue;
use protocol::records::consumer_group_target_assignment_member_value::ConsumerGroupTargetAssignmentMemberValue;
use protocol::records::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue;
use protocol::{Message, Reader};
use types::{PartitionIndex, TopicName, Uuid};

use crate::play::{Play, START_MS, Words, at};
use crate::words::{error_name, partitions_text, quoted, read_partitions, string};

impl Play {
    /// The cluster changes.
    pub fn topics(&mut self, words: &Words<'_>) {
        let changes = words.options.iter().map(|(name, count)| (*name, count.parse().ok()));
        let changed = self.cluster.change(changes);
        let now = at(self.now_ms);
        if let Some(shard) = &mut self.shard {
            let _ = shard.handle(Token(u64::MAX), changed, now);
        }
    }

    pub fn hb(&self, name: &str, words: &Words<'_>) -> ConsumerHeartbeat {
        let member_epoch = match words.option("epoch", "0") {
            "." => self.epochs.get(name).copied().unwrap_or(0),
            epoch => epoch.parse().expect("an epoch"),
        };
        let is_joining = member_epoch == 0;
        let list = |text: &&str| text.split(',').filter(|word| *word != "-").map(TopicName::from).collect();
        let regex = words.options.get("regex").map(|regex| regex.replace('-', ""));
        let owned = words.options.get("owned").copied().or(is_joining.then_some("-"));
        let rebalance_timeout_ms = words.number("rebalance", if is_joining { 60_000 } else { -1 });
        ConsumerHeartbeat {
            group_id: words.group(),
            member_id: match words.option("id", name) {
                "none" => String::new(),
                id => self.id(id),
            },
            member_epoch,
            group_instance_id: words.owned("instance"),
            rack_id: words.owned("rack"),
            rebalance_timeout_ms: Some(rebalance_timeout_ms).filter(|timeout_ms| *timeout_ms != -1),
            subscribed_topics: words.options.get("topics").map(list),
            is_regex_valid: regex.as_deref().is_none_or(|regex| TopicPattern::compile(regex).is_ok()),
            subscribed_regex: regex,
            server_assignor: words.owned("assignor"),
            owned: owned.map(|text| self.assignment(text)),
            client_id: name.to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            fresh_id: Uuid::from_halves(0, self.tokens + 1),
        }
    }

    fn assignment(&self, text: &str) -> Assignment {
        let topic = |(name, partitions): (String, Vec<i32>)| TopicAssignment {
            topic_id: self.cluster.topic(&name).expect("a topic of the scenario").id,
            partitions: partitions.into_iter().map(PartitionIndex).collect(),
        };
        Assignment { topics: read_partitions(text).into_iter().map(topic).collect() }
    }

    /// Somebody looks at the patterns.
    pub fn resolve(&mut self) {
        for job in std::mem::take(&mut self.resolving) {
            let mut found = BTreeMap::<Arc<str>, BTreeSet<TopicName>>::new();
            for regex in &job.regexes {
                let pattern = TopicPattern::compile(regex).expect("it was looked at before");
                let names = job.cluster.topic_names().filter(|name| pattern.matches(name));
                found.insert(regex.clone(), names.collect());
            }
            let step = self.ask(GroupRequest::TopicsResolved(job.resolved(found)));
            let _ = self.take(step);
        }
    }

    /// What is to be done beside the loop is done, or kept for later; the replies that come of it.
    pub fn work(&mut self, token: Token, reply: GroupReply) -> Vec<(Token, GroupReply)> {
        match reply {
            GroupReply::Assign(job) => {
                let caller = self.callers.remove(&token).expect("somebody asked");
                let step = self.ask(GroupRequest::Assigned(Box::new(job.run())));
                self.callers.insert(Token(self.tokens), caller);
                self.take(step)
            }
            GroupReply::ConsumerHeartbeat(HeardReply { answer, resolve }) => {
                self.resolving.extend(resolve);
                vec![(token, GroupReply::ConsumerHeartbeat(HeardReply { answer, resolve: None }))]
            }
            other => vec![(token, other)],
        }
    }

    pub fn heard(&self, caller: &str, reply: &HeardReply) -> String {
        match &reply.answer {
            Err(error) => format!("{caller} hb: {}", error_name(*error)),
            Ok(heard) => {
                let assigned = heard.assignment.as_ref().map(|assigned| self.named(assigned.iter()));
                let assigned = assigned.map_or(String::new(), |assigned| format!(" assigned {assigned}"));
                let (id, interval) = (self.alias(&heard.member_id), heard.heartbeat_interval_ms);
                format!("{caller} hb: ok id={id} epoch={} interval={interval}{assigned}", heard.member_epoch)
            }
        }
    }

    fn named(&self, partitions: impl Iterator<Item = (Uuid, PartitionIndex)>) -> String {
        let mut by_name = BTreeMap::<String, Vec<i32>>::new();
        for (topic, PartitionIndex(partition)) in partitions {
            by_name.entry(self.cluster.name_of(topic)).or_default().push(partition);
        }
        partitions_text(by_name)
    }

    pub fn described(&self, described: &Result<ConsumerGroupDescription, GroupError>) -> String {
        let group = match described {
            Ok(group) => group,
            Err(error) => return format!("describe-consumer: {}", error_name(*error)),
        };
        let mut members: Vec<_> = group.members.iter().map(|member| self.described_member(member)).collect();
        members.sort();
        format!(
            "describe-consumer: {} epoch={} assignment={} {}{}",
            group.state,
            group.group_epoch,
            group.assignment_epoch,
            group.assignor,
            members.concat()
        )
    }

    fn described_member(&self, member: &ConsumerMemberDescription) -> String {
        let partitions = |named: &[NamedPartitions]| {
            let of_topic = |topic: &NamedPartitions| {
                (topic.topic_name.to_string(), topic.partitions.iter().map(|it| it.0).collect())
            };
            partitions_text(named.iter().map(of_topic).collect())
        };
        let topics: Vec<&str> = member.subscribed_topics.iter().map(|name| &**name).collect();
        format!(
            " [{} epoch={} instance={} rack={} client={}@{} topics={} regex={} has {} target {} type={}]",
            self.alias(&member.member_id),
            member.member_epoch,
            quoted(member.group_instance_id.as_deref()),
            quoted(member.rack_id.as_deref()),
            quoted(Some(&member.client_id)),
            quoted(Some(&member.client_host)),
            topics.join(","),
            quoted(member.subscribed_regex.as_deref()),
            partitions(&member.assignment),
            partitions(&member.target),
            i32::from(!member.is_classic)
        )
    }

    /// A record about a consumer group.
    pub fn consumer_record(&self, record: &CoordinatorRecord) -> String {
        let mut key = Reader::new(record.key.clone());
        let number = key.i16().expect("a type");
        let group = key.string(false).expect("a group");
        let value = record.value.clone();
        if matches!(number, 3 | 4 | 6) {
            return format!("{group}: {}", group_text(number, value));
        }
        let part = key.string(false).expect("a member, or a pattern");
        if number == 16 {
            let text = value.map_or("gone".to_owned(), |value| {
                let value: ConsumerGroupRegularExpressionValue = decode(value);
                let (topics, at_ms) = (value.topics.join(","), value.timestamp - START_MS);
                format!("{topics} version {} @{at_ms}", value.version)
            });
            return format!("{group}~{part}: {text}");
        }
        let text = match (number, value) {
            (5, Some(value)) => member_text(&decode(value)),
            (5, None) => "member gone".to_owned(),
            (7, Some(value)) => {
                let value: ConsumerGroupTargetAssignmentMemberValue = decode(value);
                let topics = value.topic_partitions.into_iter();
                let all = topics.flat_map(|topic| {
                    topic.partitions.into_iter().map(move |index| (topic.topic_id, PartitionIndex(index)))
                });
                format!("target {}", self.named(all))
            }
            (7, None) => "target gone".to_owned(),
            (_, Some(value)) => self.current_text(&decode(value)),
            (_, None) => "assignment gone".to_owned(),
        };
        format!("{group}/{}: {text}", self.alias(&part))
    }

    fn current_text(&self, value: &ConsumerGroupCurrentMemberAssignmentValue) -> String {
        format!(
            "epoch {} after {} state {} has {} revoking {}",
            value.member_epoch,
            value.previous_member_epoch,
            value.state,
            self.since(&value.assigned_partitions),
            self.since(&value.partitions_pending_revocation)
        )
    }

    fn since(&self, owned: &[TopicPartitions]) -> String {
        let topic = |topic: &TopicPartitions| {
            let epochs = topic.assignment_epochs.as_deref().expect("epochs");
            let mut partitions: Vec<_> = topic.partitions.iter().zip(epochs).collect();
            partitions.sort();
            let partitions: Vec<_> =
                partitions.iter().map(|(index, epoch)| format!("{index}@{epoch}")).collect();
            format!("{}:{}", self.cluster.name_of(topic.topic_id), partitions.join(","))
        };
        let mut topics: Vec<_> = owned.iter().map(topic).collect();
        topics.sort();
        if topics.is_empty() { "-".to_owned() } else { topics.join(";") }
    }
}

fn group_text(number: i16, value: Option<bytes::Bytes>) -> String {
    match (number, value) {
        (3, Some(value)) => {
            let value: ConsumerGroupMetadataValue = decode(value);
            format!("epoch {} hash {}", value.epoch, value.metadata_hash)
        }
        (3, None) => "gone".to_owned(),
        (4, value) => format!("topics {}", if value.is_some() { "there" } else { "gone" }),
        (_, Some(value)) => {
            let value: ConsumerGroupTargetAssignmentMetadataValue = decode(value);
            let at = match value.assignment_timestamp {
                0 => "once".to_owned(),
                at_ms => format!("@{}", at_ms - START_MS),
            };
            format!("target epoch {} {at}", value.assignment_epoch)
        }
        (_, None) => "target gone".to_owned(),
    }
}

fn member_text(value: &ConsumerGroupMemberMetadataValue) -> String {
    let classic = value.classic_member_metadata.as_ref().map_or(String::new(), |words| {
        let protocol = |name: &str, metadata: &[u8]| format!(" {name}={}", string(metadata));
        let protocols = words.supported_protocols.iter().map(|it| protocol(&it.name, &it.metadata));
        format!(" classic session={}{}", words.session_timeout_ms, protocols.collect::<String>())
    });
    format!(
        "instance={} rack={} client={}@{} topics={} regex={} rebalance={} assignor={}{classic}",
        quoted(value.instance_id.as_deref()),
        quoted(value.rack_id.as_deref()),
        quoted(Some(&value.client_id)),
        quoted(Some(&value.client_host)),
        value.subscribed_topic_names.join(","),
        quoted(value.subscribed_topic_regex.as_deref()),
        value.rebalance_timeout_ms,
        quoted(value.server_assignor.as_deref())
    )
}

fn decode<V: Message>(value: bytes::Bytes) -> V {
    let mut reader = Reader::new(value);
    let version = reader.i16().expect("a version");
    V::decode(&mut reader, version).expect("a value")
}
