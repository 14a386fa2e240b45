//! Every key that Kafka's producer, consumer and admin client have, as data.

use std::sync::LazyLock;

/// Name, type, default for producer, consumer and admin (`-`: it has no such key), support, and what that means.
static TABLE: &str = include_str!("keys.tsv");

static KEYS: LazyLock<Vec<ClientKey>> = LazyLock::new(|| TABLE.lines().map(ClientKey::of_row).collect());

/// Whose settings they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// A [`Producer`](crate::producer::Producer).
    Producer,
    /// A [`Consumer`](crate::consumer::Consumer).
    Consumer,
    /// An [`Admin`](crate::admin::Admin).
    Admin,
}

impl ClientKind {
    /// In words: `producer`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Admin => "admin",
        }
    }
}

/// What comes of a key that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// What Kafka's documentation says.
    Served,
    /// Nothing, for this reason; any value is taken.
    NoEffect(&'static str),
    /// Another value than the default is refused, for this reason.
    Refused(&'static str),
}

/// A key of Kafka's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// `linger.ms`.
    pub name: &'static str,
    /// Kafka's word for the type of its value: `int`, `list`, `class` and so on.
    pub value_type: &'static str,
    defaults: [Option<&'static str>; 3],
    /// What comes of it.
    pub support: Support,
}

impl ClientKey {
    /// The keys of a client, by name.
    pub fn all(kind: ClientKind) -> impl Iterator<Item = &'static Self> {
        KEYS.iter().filter(move |key| key.default(kind).is_some())
    }

    /// The key of this name.
    pub fn by_name(kind: ClientKind, name: &str) -> Option<&'static Self> {
        Self::all(kind).find(|key| key.name == name)
    }

    /// The key that differs least from `name`, where one comes near.
    pub fn nearest(kind: ClientKind, name: &str) -> Option<&'static str> {
        types::spelling::nearest(name, Self::all(kind).map(|key| key.name))
    }

    /// Its default as it would be written, empty where it has none; `None` for a client that has no such key.
    pub const fn default(&self, kind: ClientKind) -> Option<&'static str> {
        self.defaults[kind as usize]
    }

    fn of_row(row: &'static str) -> Self {
        let columns: Vec<&str> = row.split('\t').collect();
        let [name, value_type, producer, consumer, admin, support, why] = columns[..] else {
            panic!("a key has seven columns: {row}");
        };
        Self {
            name,
            value_type,
            defaults: [producer, consumer, admin].map(|default| Some(default).filter(|text| *text != "-")),
            support: match support {
                "served" => Support::Served,
                "no effect" => Support::NoEffect(why),
                _ => Support::Refused(why),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_kafkas_clients_is_known_once() {
        let count = |kind| ClientKey::all(kind).count();
        let kinds = [ClientKind::Producer, ClientKind::Consumer, ClientKind::Admin];
        // As many as ProducerConfig, ConsumerConfig and AdminClientConfig of Apache Kafka 4.3.1 define.
        assert_eq!(kinds.map(count), [113, 116, 91]);
        assert!(KEYS.is_sorted_by(|left, right| left.name < right.name));
        for key in KEYS.iter() {
            let is_explained = match key.support {
                Support::Served => true,
                Support::NoEffect(why) | Support::Refused(why) => !why.is_empty(),
            };
            assert!(is_explained, "{}", key.name);
        }
    }

    #[test]
    fn a_slip_is_understood() {
        assert_eq!(ClientKey::nearest(ClientKind::Producer, "linger.mss"), Some("linger.ms"));
        assert_eq!(ClientKey::nearest(ClientKind::Consumer, "linger.ms"), None, "consumers have no such key");
    }
}
