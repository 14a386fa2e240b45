//! A client without a group's protocol that keeps offsets with the coordinator (generation −1): its own, and now and
//! then those of a group that may have members, which has to refuse it then.

use std::rc::Rc;

use io::Entropy;

use super::Actor;
use super::committing::{Committer, commit, committed};
use super::coordinator::find;
use crate::groups::Place;
use crate::wire::{Connection, Lost};
use crate::world::World;

pub(super) struct SimpleCommitter {
    world: Rc<World>,
    entropy: Entropy,
    connection: Connection,
    group: String,
    is_found: bool,
}

impl SimpleCommitter {
    pub(super) fn new(world: &Rc<World>, index: usize, entropy: Entropy) -> Self {
        let connection = Connection::new(world, &format!("s{index}"), entropy.clone());
        Self { world: world.clone(), entropy, connection, group: format!("s{index}"), is_found: false }
    }

    async fn act(&mut self) -> Result<(), Lost> {
        if !self.is_found {
            self.is_found = find(&self.world, &mut self.connection, &self.group).await?;
            return Ok(());
        }
        let present = self.world.book.borrow().present();
        let drawn = present.get(self.entropy.below(present.len() as u64) as usize);
        let Some((topic, name, partitions)) = drawn.cloned() else { return Ok(()) };
        let group = match self.entropy.below(4) {
            0 if !self.world.plan.members.is_empty() => self.world.plan.members[0].group.clone(),
            _ => self.group.clone(),
        };
        let places: Vec<Place> = (0..partitions as i32)
            .filter(|_| self.entropy.below(2) == 0)
            .map(|partition| Place { group: group.clone(), topic, name: name.clone(), partition })
            .collect();
        if self.entropy.below(3) == 0 {
            committed(&self.world, &mut self.connection, &group, &places).await?;
            return Ok(());
        }
        let offsets: Vec<(Place, i64)> =
            places.into_iter().map(|place| (place, self.entropy.below(1_000) as i64)).collect();
        commit(&self.world, &mut self.connection, &Committer::simple(&group), &offsets).await?;
        Ok(())
    }
}

impl Actor for SimpleCommitter {
    async fn step(&mut self) {
        if self.act().await.is_err() {
            self.is_found = false;
        }
    }
}
