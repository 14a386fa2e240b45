//! Reading what a member of a group owns, from what the group has committed on.

use std::collections::BTreeMap;
use std::rc::Rc;

use io::Entropy;
use protocol::messages::fetch_request::FetchRequest;
use types::{ErrorCode, Uuid};

use super::committing::committed;
use super::reading::{fetch_request, log_start, records_from};
use crate::book::Book;
use crate::groups::{Partitions, Place, Share};
use crate::wire::{Connection, Lost};
use crate::world::World;

/// Partitions of a member, and where it is in each; `None` where it does not know where to begin.
#[derive(Debug, Default)]
pub(super) struct Owned(BTreeMap<Place, Option<i64>>);

impl Owned {
    /// The share is what it owns from here on, as far as the topics are there. What it had before it goes on with.
    pub(super) fn become_share(&mut self, book: &Book, group: &str, share: &Share) {
        let ids: BTreeMap<String, Uuid> =
            book.present().into_iter().map(|(id, name, _)| (name, id)).collect();
        let places = share.iter().filter_map(|(name, partition)| {
            let topic = *ids.get(name)?;
            Some(Place { group: group.to_owned(), topic, name: name.clone(), partition: *partition })
        });
        self.become_places(places.collect());
    }

    /// [`Owned::become_share`] of topics that were told by their ids.
    pub(super) fn become_topics(&mut self, book: &Book, group: &str, partitions: &Partitions) {
        let names: BTreeMap<Uuid, String> =
            book.present().into_iter().map(|(id, name, _)| (id, name)).collect();
        let places = partitions.iter().filter_map(|(topic, partition)| {
            let name = names.get(topic)?.clone();
            Some(Place { group: group.to_owned(), topic: *topic, name, partition: *partition })
        });
        self.become_places(places.collect());
    }

    fn become_places(&mut self, places: Vec<Place>) {
        let position = |place: &Place| self.0.get(place).copied().flatten();
        let owned = places.into_iter().map(|place| (place.clone(), position(&place)));
        self.0 = owned.collect();
    }

    pub(super) fn without_position(&self) -> Vec<Place> {
        self.0.iter().filter(|(_, position)| position.is_none()).map(|(place, _)| place.clone()).collect()
    }

    pub(super) fn forget_positions(&mut self) {
        self.0.values_mut().for_each(|position| *position = None);
    }

    /// The positions of one topic.
    pub(super) fn to_commit(&self, entropy: &Entropy) -> Vec<(Place, i64)> {
        let Some(topic) = self.draw_topic(entropy) else { return Vec::new() };
        let of_topic = self.0.iter().filter(|(place, _)| place.topic == topic);
        of_topic.filter_map(|(place, position)| Some((place.clone(), (*position)?))).collect()
    }

    fn draw_topic(&self, entropy: &Entropy) -> Option<Uuid> {
        self.0.keys().nth(entropy.below(self.0.len() as u64) as usize).map(|place| place.topic)
    }
}

/// Asks what the group has committed of these partitions and goes on from there; where nothing was committed, from the first
/// offset on: a read tells where the log really starts.
pub(super) async fn begin(
    world: &Rc<World>,
    connection: &mut Connection,
    group: &str,
    owned: &mut Owned,
    unknown: &[Place],
) -> Result<(), Lost> {
    if let Some(committed) = committed(world, connection, group, unknown).await? {
        let position = |place: &Place| Some(committed.get(place).copied().unwrap_or(0));
        owned.0.extend(unknown.iter().map(|place| (place.clone(), position(place))));
    }
    Ok(())
}

/// Reads one of the topics a bit further.
pub(super) async fn read(
    world: &Rc<World>,
    connection: &mut Connection,
    entropy: &Entropy,
    owned: &mut Owned,
) -> Result<(), Lost> {
    let positions = owned.to_commit(entropy);
    let Some((first, _)) = positions.first().cloned() else { return Ok(()) };
    let from: Vec<(i32, i64)> = positions.iter().map(|(place, offset)| (place.partition, *offset)).collect();
    let request = fetch_request(first.topic, &first.name, &from, 1 << 20);
    let version = connection.version::<FetchRequest>();
    let response = connection.call(&request, version).await?;
    let told = response.responses.iter().flat_map(|topic| &topic.partitions);
    let told: BTreeMap<i32, _> = told.map(|data| (data.partition_index, data)).collect();
    for (place, position) in positions {
        let Some(data) = told.get(&place.partition) else { continue };
        let next = match ErrorCode::from_code(data.error_code) {
            // A name may stand for another topic by now.
            Some(ErrorCode::None) if world.book.borrow().is_present(place.topic) => {
                let label = format!("{}-{}", place.name, place.partition);
                match records_from(&label, data, position) {
                    Ok(read) => {
                        world.counts.borrow_mut().records_read += read.records.len() as u64;
                        for record in &read.records {
                            let result = world.book.borrow_mut().sees(place.topic, place.partition, record);
                            world.check(result);
                        }
                        read.next
                    }
                    Err(violation) => {
                        world.fail(violation);
                        return Ok(());
                    }
                }
            }
            Some(ErrorCode::OffsetOutOfRange) => {
                log_start(connection, &place.name, place.partition).await?.unwrap_or(position)
            }
            _ => position,
        };
        owned.0.insert(place, Some(next));
    }
    Ok(())
}
