//! ListGroups, for one shard.

use std::collections::BTreeSet;

use crate::ListedGroup;
use crate::groups::{Group, Groups};

/// The groups in any of the states and of any of the types, all where none are named; by their ids.
pub(crate) fn list(groups: &Groups, states: &BTreeSet<String>, types: &BTreeSet<String>) -> Vec<ListedGroup> {
    let lower = |words: &BTreeSet<String>| -> BTreeSet<String> {
        words.iter().map(|word| word.to_lowercase().trim().to_owned()).collect()
    };
    let (states, types) = (lower(states), lower(types));
    let is_wanted = |listed: &ListedGroup| {
        (states.is_empty() || states.contains(&listed.state.to_lowercase()))
            && (types.is_empty() || types.contains(listed.group_type))
    };
    let mut listed: Vec<_> = groups.iter().map(|(id, group)| describe(id, group)).filter(is_wanted).collect();
    listed.sort_unstable_by(|one, other| one.group_id.cmp(&other.group_id));
    listed
}

fn describe(group_id: &str, group: &Group) -> ListedGroup {
    let (protocol_type, state, group_type) = match group {
        Group::Classic(group) => (group.protocol_type().unwrap_or_default(), group.state().name(), "classic"),
        Group::Consumer(group) => ("consumer", group.state_name(), "consumer"),
        Group::Modern(group) => (group.kind().name(), group.state_name(), group.kind().name()),
    };
    ListedGroup { group_id: group_id.to_owned(), protocol_type: protocol_type.to_owned(), state, group_type }
}
