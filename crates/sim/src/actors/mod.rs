//! The clients. They outlive the node: what they know and what they still owe goes on in its next life.

mod admin;
mod assigning;
pub(crate) mod audit;
mod batch;
mod committing;
mod consumer;
mod consumer_group_member;
mod coordinator;
pub(crate) mod group_audit;
mod group_member;
mod group_reading;
mod idempotent_producer;
mod plain_producer;
mod reading;
mod simple_committer;
pub(crate) mod transaction_audit;
mod transactional_producer;

use std::rc::Rc;
use std::time::Duration;

use io::Entropy;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use self::admin::Admin;
use self::consumer::Consumer;
use self::consumer_group_member::ConsumerGroupMember;
use self::group_member::GroupMember;
use self::idempotent_producer::IdempotentProducer;
use self::plain_producer::PlainProducer;
use self::simple_committer::SimpleCommitter;
use self::transactional_producer::TransactionalProducer;
use crate::world::World;

/// A client that does one thing after the other. A step may end anywhere: whatever it owes is noted before it waits.
trait Actor {
    async fn step(&mut self);
}

/// The clients of a run.
pub(crate) struct Actors {
    pause: Duration,
    admin: Hand<Admin>,
    idempotent_producers: Vec<Hand<IdempotentProducer>>,
    plain_producers: Vec<Hand<PlainProducer>>,
    consumers: Vec<Hand<Consumer>>,
    members: Vec<Hand<GroupMember>>,
    consumer_members: Vec<Hand<ConsumerGroupMember>>,
    simple_committers: Vec<Hand<SimpleCommitter>>,
    transactional_producers: Vec<Hand<TransactionalProducer>>,
}

/// A client, and the randomness of its pauses.
struct Hand<A> {
    actor: Rc<Mutex<A>>,
    entropy: Entropy,
}

/// The clients at work in one life.
pub(crate) struct Clients(Vec<JoinHandle<()>>);

impl Actors {
    pub(crate) fn new(world: &Rc<World>, entropy: &Entropy) -> Self {
        let fork = || Entropy::from_seed(entropy.next_u64());
        let plan = &world.plan;
        Self {
            pause: plan.pause,
            admin: Hand::new(Admin::new(world, fork()), fork()),
            idempotent_producers: (0..plan.idempotent_producers)
                .map(|index| Hand::new(IdempotentProducer::new(world, index, fork()), fork()))
                .collect(),
            plain_producers: (0..plan.plain_producers)
                .map(|index| Hand::new(PlainProducer::new(world, index, fork()), fork()))
                .collect(),
            consumers: (0..plan.consumers)
                .map(|index| Hand::new(Consumer::new(world, index, fork()), fork()))
                .collect(),
            members: (plan.members.iter())
                .map(|member| Hand::new(GroupMember::new(world, member, fork()), fork()))
                .collect(),
            consumer_members: (plan.consumer_members.iter())
                .map(|member| Hand::new(ConsumerGroupMember::new(world, member, fork()), fork()))
                .collect(),
            simple_committers: (0..plan.simple_committers)
                .map(|index| Hand::new(SimpleCommitter::new(world, index, fork()), fork()))
                .collect(),
            transactional_producers: (0..plan.transactional_producers)
                .map(|index| Hand::new(TransactionalProducer::new(world, index, fork()), fork()))
                .collect(),
        }
    }

    /// Lets all of them work until the life ends.
    pub(crate) fn spawn(&self) -> Clients {
        let mut tasks = vec![self.admin.spawn(self.pause)];
        tasks.extend(self.idempotent_producers.iter().map(|hand| hand.spawn(self.pause)));
        tasks.extend(self.plain_producers.iter().map(|hand| hand.spawn(self.pause)));
        tasks.extend(self.consumers.iter().map(|hand| hand.spawn(self.pause)));
        tasks.extend(self.simple_committers.iter().map(|hand| hand.spawn(self.pause)));
        tasks.extend(self.spawn_members().0);
        tasks.extend(self.transactional_producers.iter().map(|hand| hand.spawn(self.pause)));
        Clients(tasks)
    }

    /// Lets the members of groups work, and nobody else.
    pub(crate) fn spawn_members(&self) -> Clients {
        let classic = self.members.iter().map(|hand| hand.spawn(self.pause));
        let consumer = self.consumer_members.iter().map(|hand| hand.spawn(self.pause));
        Clients(classic.chain(consumer).collect())
    }
}

impl Clients {
    /// They end where they are.
    pub(crate) async fn end(self) {
        for task in self.0 {
            task.abort();
            // Cancelled; a panic is counted where all are.
            let _ = task.await;
        }
    }
}

impl<A: Actor + 'static> Hand<A> {
    fn new(actor: A, entropy: Entropy) -> Self {
        Self { actor: Rc::new(Mutex::new(actor)), entropy }
    }

    fn spawn(&self, pause: Duration) -> JoinHandle<()> {
        let (actor, entropy) = (self.actor.clone(), self.entropy.clone());
        tokio::task::spawn_local(async move {
            let mut actor = actor.lock().await;
            loop {
                let pause_us = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
                sleep(Duration::from_micros(entropy.below(2 * pause_us))).await;
                actor.step().await;
            }
        })
    }
}
