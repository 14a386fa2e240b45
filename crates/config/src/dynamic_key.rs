//! Which broker keys can be altered while the broker runs, and what that does here (KIP-226).
//!
//! The list is Kafka's. A key takes effect at once where this broker acts on it; it is kept and described, with a
//! warning, where there is nothing yet for it to act on; it is refused where keeping it would pretend something.

use crate::node_key::KeyType::Long;
use crate::node_key::Valid::AtLeast;
use crate::node_key::{NodeKey, Support, not_yet};
use crate::topic_key::TopicKey;

/// What altering a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicEffect {
    /// It takes effect at once, or at the next use.
    AtOnce,
    /// It is kept and described; why nothing acts on it.
    Kept(&'static str),
    /// It is refused: what it asks for.
    Refused(&'static str),
}

/// A broker key that Kafka lets be altered while a broker runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicKey {
    /// Its name, type and values; of a listener's key the one without the listener.
    pub key: &'static NodeKey,
    /// It can be set for one broker only, not for all of them.
    pub is_per_broker: bool,
    /// What altering it does here.
    pub effect: DynamicEffect,
}

/// Keys for all brokers or for one, beside those that topics inherit.
const CLUSTER_WIDE: &[&str] = &[
    "background.threads",
    "config.providers",
    "follower.fetch.last.tiered.offset.enable",
    "follower.replication.throttled.rate",
    "group.consumer.assignment.interval.ms",
    "group.coordinator.cached.buffer.max.bytes",
    "group.share.assignment.interval.ms",
    "group.streams.assignment.interval.ms",
    "leader.replication.throttled.rate",
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.threads",
    "max.connection.creation.rate",
    "max.connections",
    "max.connections.per.ip",
    "max.connections.per.ip.overrides",
    "message.max.bytes",
    "metric.reporters",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "producer.id.expiration.ms",
    "remote.fetch.max.wait.ms",
    "remote.list.offsets.request.timeout.ms",
    "remote.log.index.file.cache.total.size.bytes",
    "remote.log.manager.copier.thread.pool.size",
    "remote.log.manager.copy.max.bytes.per.second",
    "remote.log.manager.expiration.thread.pool.size",
    "remote.log.manager.fetch.max.bytes.per.second",
    "remote.log.manager.follower.thread.pool.size",
    "remote.log.reader.threads",
    "replica.alter.log.dirs.io.max.bytes.per.second",
    "share.coordinator.cached.buffer.max.bytes",
    "transaction.partition.verification.enable",
];

/// Keys that differ from broker to broker.
const PER_BROKER: &[&str] = &[
    "cordoned.log.dirs",
    "listener.security.protocol.map",
    "listeners",
    "principal.builder.class",
    "sasl.enabled.mechanisms",
    "sasl.jaas.config",
    "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.principal.to.local.rules",
    "sasl.kerberos.service.name",
    "sasl.kerberos.ticket.renew.jitter",
    "sasl.kerberos.ticket.renew.window.factor",
    "sasl.login.refresh.buffer.seconds",
    "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter",
    "sasl.mechanism.inter.broker.protocol",
    "ssl.cipher.suites",
    "ssl.client.auth",
    "ssl.enabled.protocols",
    "ssl.endpoint.identification.algorithm",
    "ssl.engine.factory.class",
    "ssl.key.password",
    "ssl.keymanager.algorithm",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Keys that one listener may have of its own, although others share them.
const OF_LISTENERS: &[&str] = &["max.connection.creation.rate", "max.connections", "num.network.threads"];

/// What this broker acts on at once, beside the keys that topics inherit.
const AT_ONCE: &[&str] = &[
    "group.consumer.assignment.interval.ms",
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.threads",
    "max.connections",
    "max.connections.per.ip",
    "max.connections.per.ip.overrides",
    "message.max.bytes",
    "num.recovery.threads.per.data.dir",
    "producer.id.expiration.ms",
    "transaction.partition.verification.enable",
];

/// Keys that can be set while the broker runs and nowhere else.
#[rustfmt::skip]
pub(crate) const ONLY_DYNAMIC: &[NodeKey] = &[
    not_yet("follower.replication.throttled.rate", Long, Some("9223372036854775807"), AtLeast(0), "replication between nodes"),
    not_yet("leader.replication.throttled.rate", Long, Some("9223372036854775807"), AtLeast(0), "replication between nodes"),
    not_yet("replica.alter.log.dirs.io.max.bytes.per.second", Long, Some("9223372036854775807"), AtLeast(0), "moving replicas between directories"),
];

impl DynamicKey {
    /// The key of this name, perhaps of one listener (`listener.name.<listener>.<key>`); `None` where a change takes
    /// another start, or there is no such key.
    pub fn find(name: &str) -> Option<Self> {
        let of_listener = NodeKey::of_listener(name).map(|(_, base)| base);
        let base = of_listener.unwrap_or(name);
        let key = NodeKey::of_broker(base)?;
        let is_inherited = is_inherited_by_topics(base);
        let is_per_broker = PER_BROKER.contains(&base);
        if !is_per_broker && !is_inherited && !CLUSTER_WIDE.contains(&base) {
            return None;
        }
        let is_of_others = of_listener.is_some() && !OF_LISTENERS.contains(&base);
        Some(Self {
            key,
            is_per_broker: is_per_broker || is_of_others,
            effect: match key.support {
                _ if is_of_others => DynamicEffect::Refused("a setting of one listener"),
                Support::NoEffect(reason) => DynamicEffect::Kept(reason),
                Support::Refused(what) => DynamicEffect::Refused(what),
                Support::NotYet(_) if base == "cordoned.log.dirs" => {
                    DynamicEffect::Refused("directories without new replicas")
                }
                Support::NotYet(part) => DynamicEffect::Kept(part),
                Support::Implemented if is_inherited || AT_ONCE.contains(&base) => DynamicEffect::AtOnce,
                Support::Implemented if is_per_broker => {
                    DynamicEffect::Refused("listeners that come and go while the broker runs")
                }
                Support::Implemented => DynamicEffect::Refused("a change while the broker runs"),
            },
        })
    }

    /// Whether it cannot be altered here.
    pub fn is_refused(&self) -> bool {
        matches!(self.effect, DynamicEffect::Refused(_))
    }
}

/// Broker keys that take effect through the topics that inherit them.
fn is_inherited_by_topics(name: &str) -> bool {
    TopicKey::all().iter().any(|key| key.broker_synonyms.first().is_some_and(|first| first.name == name))
}

/// Every key that can be altered while the broker runs, but for those of single listeners.
pub fn dynamic_keys() -> impl Iterator<Item = (&'static str, DynamicKey)> {
    let all = NodeKey::all().chain(ONLY_DYNAMIC);
    all.filter_map(|key| Some((key.name, DynamicKey::find(key.name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_lists_is_a_key() {
        for name in CLUSTER_WIDE.iter().chain(PER_BROKER).chain(AT_ONCE).chain(OF_LISTENERS) {
            assert!(NodeKey::of_broker(name).is_some(), "{name}");
        }
        assert!(AT_ONCE.iter().all(|name| CLUSTER_WIDE.contains(name)));
    }

    #[test]
    fn a_key_takes_effect_or_says_why_not() {
        let effect = |name| DynamicKey::find(name).map(|key| key.effect);
        assert_eq!(effect("log.retention.ms"), Some(DynamicEffect::AtOnce));
        assert_eq!(effect("listener.name.plaintext.max.connections"), Some(DynamicEffect::AtOnce));
        assert!(matches!(effect("num.io.threads"), Some(DynamicEffect::Kept(_))));
        assert!(matches!(effect("leader.replication.throttled.rate"), Some(DynamicEffect::Kept(_))));
        assert!(matches!(effect("listeners"), Some(DynamicEffect::Refused(_))));
        assert!(matches!(effect("ssl.keystore.location"), Some(DynamicEffect::Refused(_))));
        assert_eq!(effect("log.retention.hours"), None);
        assert_eq!(effect("node.id"), None);
        assert_eq!(effect("no.such.key"), None);
    }

    /// A key that this node works by and that Kafka changes while it runs must be read where it counts, or be told.
    #[test]
    fn every_implemented_dynamic_key_takes_effect_but_for_listeners() {
        let not_at_once = dynamic_keys().filter(|(_, key)| {
            key.key.support == Support::Implemented && key.effect != DynamicEffect::AtOnce
        });
        let names: Vec<_> = not_at_once.map(|(name, _)| name).collect();
        assert_eq!(names, ["listener.security.protocol.map", "listeners"]);
    }
}
