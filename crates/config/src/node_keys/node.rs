//! The node itself: who it is, its roles, limits of single requests.

use crate::node_key::KeyType::*;
use crate::node_key::Valid::*;
use crate::node_key::{NodeKey, implemented, no_effect, not_yet, refused};

const CLUSTERS: &str = "nodes that work together";
const PLUG_IN: &str = "a plug-in class";

#[rustfmt::skip]
pub(super) const KEYS: &[NodeKey] = &[
    refused("alter.config.policy.class.name", Class, None, Any, PLUG_IN),
    no_effect("background.threads", Int, Some("10"), AtLeast(1), "threads are sized by the machine"),
    implemented("broker.heartbeat.interval.ms", Int, Some("2000"), Any),
    implemented("broker.id", Int, Some("-1"), Any),
    implemented("broker.rack", Text, None, Any),
    implemented("broker.session.timeout.ms", Int, Some("9000"), Any),
    refused("config.providers", List, Some(""), Distinct, PLUG_IN),
    implemented("controlled.shutdown.enable", Boolean, Some("true"), Any),
    refused("create.topic.policy.class.name", Class, None, Any, PLUG_IN),
    implemented("delete.topic.enable", Boolean, Some("true"), Any),
    implemented("fetch.max.bytes", Int, Some("57671680"), AtLeast(1024)),
    not_yet("initial.broker.registration.timeout.ms", Int, Some("60000"), Any, CLUSTERS),
    implemented("max.incremental.fetch.session.cache.slots", Int, Some("1000"), AtLeast(0)),
    implemented("max.request.partition.size.limit", Int, Some("2000"), AtLeast(1)),
    implemented("node.id", Int, None, AtLeast(0)),
    no_effect("num.io.threads", Int, Some("8"), AtLeast(1), "threads are sized by the machine"),
    implemented("process.roles", List, None, ListOf(&["broker", "controller"])),
    refused("replica.selector.class", Text, None, Any, PLUG_IN),
    not_yet("request.timeout.ms", Int, Some("30000"), Any, CLUSTERS),
    not_yet("server.max.startup.time.ms", Long, Some("9223372036854775807"), AtLeast(0), CLUSTERS),
    refused("unstable.api.versions.enable", Boolean, Some("false"), Any, "unstable versions"),
    refused("unstable.feature.versions.enable", Boolean, Some("false"), Any, "unstable versions"),
];
