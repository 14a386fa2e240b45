//! How long a shard is busy, and how long a job takes beside it, while 1,000 members join a consumer group over 10,000
//! partitions and until everybody has its share: `cargo run --release -p group-coordinator --example rebalance_time`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coordinator::{Now, Shard, Token};
use group_coordinator::assignors::Assignment;
use group_coordinator::consumer::{ConsumerGroupSettings, ConsumerHeartbeat, ConsumerSettings, HeardReply};
use group_coordinator::{Cluster, ClusterView, GroupReply, GroupRequest, GroupSettings, GroupShard, Topic};
use types::{PartitionIndex, TopicName, Uuid};

const MEMBERS: usize = 1_000;
const TOPICS: u64 = 100;
const PARTITIONS_EACH: i32 = 100;

const SETTINGS: GroupSettings = GroupSettings {
    session_timeout_ms_min: 6_000,
    session_timeout_ms_max: 1_800_000,
    initial_rebalance_delay_ms: 3_000,
    members_max: i32::MAX as usize,
    offset_metadata_bytes_max: 4_096,
    offsets_retention_ms: 604_800_000,
    offsets_retention_check_interval_ms: 600_000,
    consumer: ConsumerSettings::DEFAULT,
};

#[derive(Debug)]
struct Topics(Vec<Topic>);

impl Cluster for Topics {
    fn version(&self) -> i64 {
        0
    }

    fn topic(&self, name: &str) -> Option<Topic> {
        let at = self.0.binary_search_by(|topic| (*topic.name).cmp(name)).ok()?;
        self.0.get(at).cloned()
    }

    fn topic_name(&self, id: Uuid) -> Option<TopicName> {
        self.0.iter().find(|topic| topic.id == id).map(|topic| topic.name.clone())
    }

    fn topic_names(&self) -> Box<dyn Iterator<Item = TopicName> + '_> {
        Box::new(self.0.iter().map(|topic| topic.name.clone()))
    }

    fn racks(&self, _: Uuid, _: PartitionIndex) -> Vec<String> {
        vec!["one".to_owned(), "two".to_owned(), "three".to_owned()]
    }

    fn consumer_group_settings(&self, _: &str) -> ConsumerGroupSettings {
        ConsumerGroupSettings::DEFAULT
    }
}

/// One member, as its client knows it.
#[derive(Clone, Default)]
struct Member {
    epoch: i32,
    owned: Assignment,
    is_behind: bool,
}

/// What took how long, at most.
#[derive(Default)]
struct Longest {
    heartbeat: Duration,
    job: Duration,
    result: Duration,
}

fn heartbeat(number: usize, member: &Member, topics: &[TopicName]) -> GroupRequest {
    let is_joining = member.epoch == 0;
    GroupRequest::ConsumerHeartbeat(Box::new(ConsumerHeartbeat {
        group_id: "group".to_owned(),
        member_id: format!("member-{number:04}-aaaa-bbbb-cccc"),
        member_epoch: member.epoch,
        group_instance_id: None,
        rack_id: None,
        rebalance_timeout_ms: is_joining.then_some(300_000),
        subscribed_topics: is_joining.then(|| topics.to_vec()),
        subscribed_regex: None,
        is_regex_valid: true,
        server_assignor: None,
        owned: Some(member.owned.clone()),
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        fresh_id: Uuid::ZERO,
    }))
}

#[allow(clippy::disallowed_methods, reason = "what it takes on this machine is the question")]
fn timed<T>(longest: &mut Duration, what: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = what();
    *longest = (*longest).max(started.elapsed());
    done
}

fn main() {
    let topic = |number: u64| Topic {
        id: Uuid::from_halves(number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number),
        name: format!("topic-{number:03}").into(),
        partitions: PARTITIONS_EACH,
    };
    let topics: Vec<Topic> = (0..TOPICS).map(topic).collect();
    let names: Vec<TopicName> = topics.iter().map(|topic| topic.name.clone()).collect();
    let mut shard = GroupShard::with_cluster(SETTINGS, ClusterView::new(Arc::new(Topics(topics))));
    let mut members = vec![Member::default(); MEMBERS];
    let mut longest = Longest::default();
    let (mut now_ms, mut rounds, mut bytes) = (0, 0, 0);
    loop {
        for (number, member) in members.iter_mut().enumerate() {
            now_ms += 5;
            let now = Now { clock_ms: 1_700_000_000_000 + now_ms, uptime_ms: now_ms };
            let request = heartbeat(number, member, &names);
            let mut step = timed(&mut longest.heartbeat, || shard.handle(Token(1), request, now));
            bytes += step.records.iter().map(|record| record.size()).sum::<usize>();
            if let Some((_, GroupReply::Assign(job))) =
                step.replies.pop_if(|it| matches!(it.1, GroupReply::Assign(_)))
            {
                let assigned = Box::new(timed(&mut longest.job, || job.run()));
                let result = GroupRequest::Assigned(assigned);
                step = timed(&mut longest.result, || shard.handle(Token(1), result, now));
                bytes += step.records.iter().map(|record| record.size()).sum::<usize>();
            }
            let Some((_, GroupReply::ConsumerHeartbeat(HeardReply { answer, .. }))) = step.replies.pop()
            else {
                panic!("a heartbeat is answered")
            };
            let heard = answer.expect("nothing is wrong with it");
            member.is_behind = heard.assignment.is_some() || heard.member_epoch == 0;
            member.epoch = heard.member_epoch;
            if let Some(assigned) = heard.assignment {
                member.owned = assigned;
            }
        }
        rounds += 1;
        let state = shard.describe_consumer("group").expect("it is there").state;
        if state == "Stable" && members.iter().all(|member| !member.is_behind) {
            break;
        }
    }
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    println!(
        "{MEMBERS} members, {TOPICS} topics of {PARTITIONS_EACH} partitions, stable after {rounds} rounds"
    );
    println!("{:>8.2} ms  a heartbeat, at most", ms(longest.heartbeat));
    println!("{:>8.2} ms  a target assignment, beside the shard, at most", ms(longest.job));
    println!("{:>8.2} ms  taking it over, at most", ms(longest.result));
    println!("{bytes:>8} bytes written");
}
