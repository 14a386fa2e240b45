//! FindCoordinator, which makes `__consumer_offsets` when it is asked for the first time.

use std::rc::Rc;

use protocol::messages::find_coordinator_request::FindCoordinatorRequest;

use crate::wire::{Connection, Lost};
use crate::world::World;

/// The first version that asks for several groups.
const KEYS: i16 = 4;

/// Whether the group has a coordinator now.
pub(super) async fn find(world: &Rc<World>, connection: &mut Connection, group: &str) -> Result<bool, Lost> {
    let version = connection.version::<FindCoordinatorRequest>();
    let mut request = FindCoordinatorRequest::default();
    if version < KEYS {
        request.key = group.to_owned();
    } else {
        request.coordinator_keys = vec![group.to_owned()];
    }
    let response = connection.call(&request, version).await?;
    let error_code = response.coordinators.first().map_or(response.error_code, |found| found.error_code);
    if error_code == 0 {
        world.book.borrow_mut().groups.has_offsets_topic = true;
    } else {
        world.trace.line(connection.who(), &format!("no coordinator: error {error_code}"));
    }
    Ok(error_code == 0)
}
