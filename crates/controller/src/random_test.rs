//! Random sequences of requests: whatever is decided, the invariants hold, and the snapshot says the same as the log.

use std::time::Duration;

use metadata::{ConfigResource, ImageLoader, MetadataRecord};
use types::{BrokerEpoch, NodeId, ProducerId, Uuid};

use crate::brokers::heartbeat::Heartbeat;
use crate::brokers::register::NewBroker;
use crate::configs::{ConfigChange, ConfigOperation, ResourceChanges};
use crate::fixture::{Cluster, new_broker, new_topic};
use crate::invariants::{breaches, breaches_between};
use crate::topics::create::NewTopic;
use crate::topics::create_partitions::PartitionsToAdd;
use crate::topics::delete::{DeleteAccess, TopicToDelete};

const BROKERS: u64 = 5;
const NAMES: [&str; 6] = ["a", "b", "c.d", "c_d", "e", "f"];

/// One run: the cluster, and everything that was appended.
struct Run {
    cluster: Cluster,
    log: Vec<MetadataRecord>,
    blocks: Vec<ProducerId>,
}

impl Run {
    fn draw(&mut self, bound: u64) -> u64 {
        self.cluster.random()() % bound
    }

    fn broker(&mut self) -> NodeId {
        NodeId(1 + self.draw(BROKERS) as i32)
    }

    fn name(&mut self) -> String {
        NAMES[self.draw(NAMES.len() as u64) as usize].to_owned()
    }

    fn append(&mut self, records: Vec<MetadataRecord>) {
        let before = self.cluster.controller.image().clone();
        self.cluster.append(&records);
        self.log.extend(records);
        let after = self.cluster.controller.image();
        assert_eq!(breaches(after), Vec::<String>::new());
        assert_eq!(breaches_between(&before, after), Vec::<String>::new());
    }

    fn step(&mut self) {
        match self.draw(12) {
            0 | 1 => self.create_topic(),
            2 => self.delete_topic(),
            3 => self.create_partitions(),
            4 => self.alter_topic(),
            5 => self.register(),
            6..=8 => self.heartbeat(),
            9 => self.let_time_pass(),
            10 => self.allocate_producer_ids(),
            _ if self.draw(4) == 0 => self.unregister(),
            _ => self.heartbeat(),
        }
    }

    fn create_topic(&mut self) {
        let topic = NewTopic {
            partitions: self.draw(6) as i32 - 1,
            replication_factor: self.draw(5) as i16 - 1,
            ..new_topic(&self.name())
        };
        let mut random = self.cluster.random();
        let decided = self.cluster.controller.decide_create_topics(&[topic], false, &mut random);
        drop(random);
        self.append(decided.expect("it is not too many").records);
    }

    fn delete_topic(&mut self) {
        let topic = TopicToDelete { name: Some(self.name()), id: Uuid::ZERO };
        let decided = self.cluster.controller.decide_delete_topics(&[topic], &|_| DeleteAccess::Delete);
        self.append(decided.expect("deletion is enabled").records);
    }

    fn create_partitions(&mut self) {
        let wanted = PartitionsToAdd { topic: self.name(), count: self.draw(8) as i32, assignments: None };
        let mut random = self.cluster.random();
        let decided = self.cluster.controller.decide_create_partitions(&[wanted], false, &mut random);
        drop(random);
        self.append(decided.records);
    }

    fn alter_topic(&mut self) {
        let (name, value) = match self.draw(4) {
            0 => ("min.insync.replicas", "2"),
            1 => ("min.insync.replicas", "1"),
            2 => ("unclean.leader.election.enable", "true"),
            _ => ("unclean.leader.election.enable", "false"),
        };
        let change = ConfigChange {
            name: name.to_owned(),
            operation: ConfigOperation::Set,
            value: Some(value.to_owned()),
        };
        let resource = ConfigResource::topic(self.name());
        let resources = [ResourceChanges { resource, changes: vec![change] }];
        self.append(self.cluster.controller.decide_incremental_alter_configs(&resources, false).records);
    }

    fn register(&mut self) {
        let id = self.broker();
        let known = self.cluster.controller.image().cluster.broker(id).map(|broker| broker.epoch);
        let previous_epoch = match self.draw(3) {
            0 => None,
            1 => Some(BrokerEpoch(-1)),
            _ => known,
        };
        let incarnation_id = Uuid::from_halves(9, self.draw(1 << 40));
        let new = NewBroker { incarnation_id, previous_epoch, ..new_broker(id.0) };
        let (end, now) = (self.cluster.next_offset, self.cluster.now);
        if let Ok(decided) = self.cluster.controller.decide_register_broker(&new, end, now) {
            self.append(decided.records);
        }
    }

    fn heartbeat(&mut self) {
        let id = self.broker();
        if self.cluster.controller.image().cluster.broker(id).is_none() {
            return;
        }
        let heartbeat = Heartbeat {
            want_fence: self.draw(6) == 0,
            want_shut_down: self.draw(6) == 0,
            ..self.cluster.heartbeat_of(id)
        };
        self.cluster.controller.note_heartbeat(&heartbeat, self.cluster.now);
        let decided = self.cluster.controller.decide_heartbeat(&heartbeat).expect("the epoch is right");
        self.append(decided.records);
    }

    fn let_time_pass(&mut self) {
        let passed = Duration::from_secs(self.draw(6));
        self.cluster.now += passed;
        loop {
            let decided = self.cluster.controller.decide_fence_stale_broker(self.cluster.now);
            if decided.response.is_none() {
                return;
            }
            self.append(decided.records);
        }
    }

    fn allocate_producer_ids(&mut self) {
        let id = self.broker();
        let epoch = self.cluster.controller.image().cluster.broker(id).map(|broker| broker.epoch);
        let epoch = epoch.unwrap_or(BrokerEpoch(-1));
        if let Ok(decided) = self.cluster.controller.decide_allocate_producer_ids(id, epoch) {
            self.blocks.push(decided.response.first);
            self.append(decided.records);
        }
    }

    fn unregister(&mut self) {
        let id = self.broker();
        if let Ok(decided) = self.cluster.controller.decide_unregister_broker(id) {
            self.append(decided.records);
        }
    }
}

fn run(seed: u64, steps: usize) -> Run {
    let mut cluster = Cluster::of(BROKERS as i32);
    cluster.reseed(seed);
    let mut run = Run { cluster, log: Vec::new(), blocks: Vec::new() };
    for _ in 0..steps {
        run.step();
    }
    run
}

#[test]
fn invariants_hold_whatever_is_asked() {
    for seed in 0..60 {
        let run = run(seed, 150);
        let image = run.cluster.controller.image();
        let again = ImageLoader::from_snapshot(image.snapshot_records(), image.provenance);
        assert_eq!(again.expect("a snapshot does not contradict itself").latest(), image, "seed {seed}");
        assert!(run.blocks.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1000), "seed {seed}");
        assert!(run.log.len() > 50, "seed {seed} does too little: {} records", run.log.len());
    }
}

#[test]
fn one_seed_run_twice_gives_one_log() {
    assert_eq!(run(7, 300).log, run(7, 300).log);
}
