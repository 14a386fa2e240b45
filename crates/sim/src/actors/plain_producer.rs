//! A producer without an id: each batch is sent once, with acks 0, 1 or all.

use std::rc::Rc;

use io::Entropy;

use super::Actor;
use super::batch::{Batch, only_partition};
use crate::wire::Connection;
use crate::world::World;

pub(super) struct PlainProducer {
    world: Rc<World>,
    who: String,
    entropy: Entropy,
    connection: Connection,
    number: u64,
}

impl PlainProducer {
    pub(super) fn new(world: &Rc<World>, index: usize, entropy: Entropy) -> Self {
        let who = format!("p{index}");
        let connection = Connection::new(world, &who, entropy.clone());
        Self { world: world.clone(), who, entropy, connection, number: 0 }
    }
}

impl Actor for PlainProducer {
    async fn step(&mut self) {
        let batch = Batch::draw(&self.world, &self.entropy, &self.who, &mut self.number, |_, _| None);
        let Some(batch) = batch else { return };
        let acks = [-1, 1, 0][self.entropy.below(3) as usize];
        let request = batch.request(acks);
        let version = self.connection.version_from(&request, 3);
        if acks == 0 {
            let _ = self.connection.tell(&request, version).await;
            return;
        }
        let Ok(response) = self.connection.call(&request, version).await else { return };
        let Some(partition) = only_partition(&response) else { return };
        let line =
            format!("{} error {} offset {}", batch.place(), partition.error_code, partition.base_offset);
        self.world.trace.line(&self.who, &line);
        if partition.error_code == 0 {
            batch.acknowledged(&self.world, partition.base_offset);
        }
    }
}
