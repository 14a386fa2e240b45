//! What each broker key means, in a sentence. Keys that give topics or groups a default mean what theirs mean.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::group_keys::GroupKey;
use crate::topic_key::TopicKey;

/// The meaning of a broker key; `None` where there is no such key.
pub(crate) fn doc(name: &str) -> Option<&'static str> {
    static DOCS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
        include_str!("node_docs.tsv").lines().filter_map(|line| line.split_once('\t')).collect()
    });
    let of_topics = || {
        let gives = |key: &&TopicKey| key.broker_synonyms.first().is_some_and(|first| first.name == name);
        TopicKey::all().iter().find(gives).map(|key| key.doc)
    };
    let of_groups = || GroupKey::all().iter().find(|key| key.broker_synonym == Some(name)).map(|key| key.doc);
    DOCS.get(name).copied().or_else(of_topics).or_else(of_groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeKey;
    use crate::dynamic_key::ONLY_DYNAMIC;

    #[test]
    fn every_key_has_a_meaning_and_every_meaning_a_key() {
        let without: Vec<_> = NodeKey::all()
            .chain(ONLY_DYNAMIC)
            .map(|key| key.name)
            .filter(|name| doc(name).is_none())
            .collect();
        assert_eq!(without, [""; 0]);
        for line in include_str!("node_docs.tsv").lines() {
            let (name, text) = line.split_once('\t').expect("a key and a sentence");
            assert!(NodeKey::of_broker(name).is_some() && text.ends_with('.'), "{line}");
        }
    }
}
