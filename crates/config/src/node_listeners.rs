//! Listeners: where a node accepts connections, and what it tells others about that.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use types::NodeId;

use crate::node_error::ConfigError;
use crate::node_values::NodeValues;

/// An address on which the node accepts connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name in upper case, such as `PLAINTEXT`.
    pub name: String,
    /// The host to bind; `None`: every interface.
    pub host: Option<String>,
    /// The port to bind; 0: one that is free.
    pub port: u16,
    /// `listener.name.<name>.max.connections`; `i32::MAX`: no bound of its own.
    pub max_connections: i32,
}

/// An address that others are told to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener behind it, in upper case.
    pub listener: String,
    /// A name or address that the others can reach.
    pub host: String,
    /// 0: the port that the listener of this name was given when it was bound.
    pub port: u16,
}

/// `host:port` of another node, as in `controller.quorum.bootstrap.servers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// An entry of `controller.quorum.voters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// The voter's `node.id`.
    pub id: NodeId,
    /// Where its controller listens.
    pub address: HostPort,
}

/// All about listeners, checked together.
pub(crate) struct ListenerSettings {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) advertised: Vec<Endpoint>,
    pub(crate) controller_names: Vec<String>,
    pub(crate) inter_broker_name: String,
}

impl ListenerSettings {
    pub(crate) fn from_values(values: &NodeValues, host_name: &str) -> Result<Self, ConfigError> {
        let controller_names: Vec<String> =
            values.list("controller.listener.names").iter().map(|name| name.to_ascii_uppercase()).collect();
        let protocols = protocols(values, &controller_names)?;
        let listeners = listeners(values, &protocols)?;
        let advertised = advertised(values, &protocols, &listeners, &controller_names, host_name)?;
        let inter_broker_name = inter_broker_name(values, &advertised, &controller_names)?;
        Ok(Self { listeners, advertised, controller_names, inter_broker_name })
    }
}

/// The security protocol of each listener name.
fn protocols(
    values: &NodeValues,
    controller_names: &[String],
) -> Result<BTreeMap<String, String>, ConfigError> {
    const KEY: &str = "listener.security.protocol.map";
    let text = values.text(KEY).unwrap_or_default();
    let mut map = BTreeMap::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, protocol) = entry.split_once(':').ok_or_else(|| ConfigError::Invalid {
            key: KEY.to_owned(),
            value: text.clone(),
            expected: "NAME:PROTOCOL,…".to_owned(),
        })?;
        map.insert(name.trim().to_ascii_uppercase(), protocol.trim().to_ascii_uppercase());
    }
    if !values.is_set(KEY) {
        for name in controller_names {
            map.entry(name.clone()).or_insert_with(|| "PLAINTEXT".to_owned());
        }
    }
    Ok(map)
}

fn listeners(
    values: &NodeValues,
    protocols: &BTreeMap<String, String>,
) -> Result<Vec<Listener>, ConfigError> {
    const KEY: &str = "listeners";
    let mut listeners: Vec<Listener> = Vec::new();
    for entry in values.list(KEY) {
        let (name, host, port) = parse_url(KEY, &entry)?;
        check_protocol(KEY, &entry, &name, protocols)?;
        if let Some(other) = listeners.iter().find(|other| other.name == name) {
            return Err(conflict(KEY, &entry, format!("the name {} is taken by another entry", other.name)));
        }
        if let Some(other) = listeners.iter().find(|other| port != 0 && other.port == port)
            && !differ_in_ip_version(&other.host, &host)
        {
            return Err(conflict(KEY, &entry, format!("the port is taken by the listener {}", other.name)));
        }
        let max_connections = values.int_of_listener(&name, "max.connections");
        listeners.push(Listener { name, host, port, max_connections });
    }
    Ok(listeners)
}

/// What others are told: `advertised.listeners` where given, else the listeners themselves, this machine's name standing
/// for "every interface". A controller listener that is not advertised is advertised as it is bound.
fn advertised(
    values: &NodeValues,
    protocols: &BTreeMap<String, String>,
    listeners: &[Listener],
    controller_names: &[String],
    host_name: &str,
) -> Result<Vec<Endpoint>, ConfigError> {
    const KEY: &str = "advertised.listeners";
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for entry in values.list(KEY) {
        let (name, host, port) = parse_url(KEY, &entry)?;
        check_protocol(KEY, &entry, &name, protocols)?;
        if let Some(reason) = host.as_deref().and_then(why_unreachable) {
            let rule = format!("{reason}: name this machine as clients reach it");
            return Err(ConfigError::Unreachable { key: KEY, value: entry, rule });
        }
        if endpoints.iter().any(|other| other.listener == name) {
            return Err(conflict(KEY, &entry, format!("the name {name} is taken by another entry")));
        }
        if !listeners.iter().any(|listener| listener.name == name) {
            let names: Vec<&str> = listeners.iter().map(|listener| listener.name.as_str()).collect();
            return Err(conflict(KEY, &entry, format!("the names in listeners are {}", names.join(", "))));
        }
        endpoints.push(Endpoint { listener: name, host: host.unwrap_or_else(|| host_name.to_owned()), port });
    }
    let replaces = values.is_set(KEY);
    for listener in listeners {
        let is_controller = controller_names.contains(&listener.name);
        let is_there = endpoints.iter().any(|endpoint| endpoint.listener == listener.name);
        if is_there || (replaces && !is_controller) {
            continue;
        }
        let host = listener.host.clone().filter(|host| why_unreachable(host).is_none());
        endpoints.push(Endpoint {
            listener: listener.name.clone(),
            host: host.unwrap_or_else(|| host_name.to_owned()),
            port: listener.port,
        });
    }
    Ok(endpoints)
}

/// Why no connection can be made to `host`; `None` where one may be.
fn why_unreachable(host: &str) -> Option<&'static str> {
    let address: IpAddr = host.parse().ok()?;
    if address.is_unspecified() {
        Some("it means every interface, which cannot be connected to")
    } else if address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        Some("it means many machines, which cannot be connected to")
    } else {
        None
    }
}

fn inter_broker_name(
    values: &NodeValues,
    advertised: &[Endpoint],
    controller_names: &[String],
) -> Result<String, ConfigError> {
    const KEY: &str = "inter.broker.listener.name";
    let name = values.text(KEY).map_or_else(|| "PLAINTEXT".to_owned(), |name| name.to_ascii_uppercase());
    let client_names: Vec<&str> = advertised
        .iter()
        .map(|endpoint| endpoint.listener.as_str())
        .filter(|listener| !controller_names.iter().any(|controller| controller == listener))
        .collect();
    if client_names.is_empty() {
        return Err(conflict(
            "listeners",
            &values.list("listeners").join(","),
            "at least one listener must be for clients, and not stand in controller.listener.names"
                .to_owned(),
        ));
    }
    if !client_names.contains(&name.as_str()) {
        let rule = format!("must be a listener for clients; these are {}", client_names.join(", "));
        return Err(conflict(KEY, &name, rule));
    }
    Ok(name)
}

/// `NAME://host:port`; the host may be empty (every interface) or an IPv6 address in brackets.
fn parse_url(key: &'static str, entry: &str) -> Result<(String, Option<String>, u16), ConfigError> {
    let invalid = || ConfigError::Invalid {
        key: key.to_owned(),
        value: entry.to_owned(),
        expected: "NAME://host:port".to_owned(),
    };
    let (name, address) = entry.split_once("://").ok_or_else(invalid)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let host_is_fine = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-%._:".contains(&byte));
    if name.is_empty() || !host_is_fine {
        return Err(invalid());
    }
    let port = port.parse().map_err(|_| invalid())?;
    Ok((name.to_ascii_uppercase(), (!host.is_empty()).then(|| host.to_owned()), port))
}

/// Only PLAINTEXT is served; a listener without a protocol is a mistake.
fn check_protocol(
    key: &'static str,
    entry: &str,
    name: &str,
    protocols: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    match protocols.get(name).map(String::as_str) {
        Some("PLAINTEXT") => Ok(()),
        Some(protocol) => Err(ConfigError::Refused {
            key: key.to_owned(),
            value: entry.to_owned(),
            what: format!("the security protocol {protocol}"),
        }),
        None => Err(conflict(
            key,
            entry,
            format!("listener.security.protocol.map does not name {name}: add {name}:PLAINTEXT"),
        )),
    }
}

/// Two listeners may share a port if one is bound on IPv4 and the other on IPv6 (KAFKA-13717).
fn differ_in_ip_version(left: &Option<String>, right: &Option<String>) -> bool {
    let is_v4 = |host: &Option<String>| host.as_ref().is_some_and(|host| host.parse::<Ipv4Addr>().is_ok());
    let is_v6 = |host: &Option<String>| host.as_ref().is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    (is_v4(left) && is_v6(right)) || (is_v6(left) && is_v4(right))
}

/// `controller.quorum.voters`: `id@host:port` each.
pub(crate) fn voters(values: &NodeValues) -> Result<Vec<Voter>, ConfigError> {
    const KEY: &str = "controller.quorum.voters";
    let invalid = |entry: &str| ConfigError::Invalid {
        key: KEY.to_owned(),
        value: entry.to_owned(),
        expected: "id@host:port".to_owned(),
    };
    values
        .list(KEY)
        .iter()
        .map(|entry| {
            let (id, address) = entry.split_once('@').ok_or_else(|| invalid(entry))?;
            let id = id.trim().parse().map_err(|_| invalid(entry))?;
            let address = HostPort::parse(address).ok_or_else(|| invalid(entry))?;
            Ok(Voter { id: NodeId(id), address })
        })
        .collect()
}

/// `controller.quorum.bootstrap.servers`: `host:port` each.
pub(crate) fn bootstrap_servers(values: &NodeValues) -> Result<Vec<HostPort>, ConfigError> {
    const KEY: &str = "controller.quorum.bootstrap.servers";
    values
        .list(KEY)
        .iter()
        .map(|entry| {
            HostPort::parse(entry).ok_or_else(|| ConfigError::Invalid {
                key: KEY.to_owned(),
                value: entry.clone(),
                expected: "host:port".to_owned(),
            })
        })
        .collect()
}

impl HostPort {
    /// The address written as `host:port` or `[ipv6]:port`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.trim().rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        let is_fine = !host.is_empty()
            && (bare.is_some() || !host.contains(':'))
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-%._:".contains(&byte));
        is_fine.then_some(Self { host: host.to_owned(), port: port.parse().ok()? })
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn conflict(key: &'static str, value: &str, rule: String) -> ConfigError {
    ConfigError::Conflict { key, value: value.to_owned(), rule }
}
