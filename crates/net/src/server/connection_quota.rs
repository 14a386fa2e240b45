//! How many connections there may be: in all, on a listener, from an address.
//!
//! As in Kafka: a listener that has its share, or a node that has, lets newcomers wait before they are served; an
//! address that has its share is turned away; the inter-broker listener ignores the bound of the node, and the least
//! recently used connection elsewhere makes room.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::lock;

/// Limits on the number of connections; `usize::MAX` is no limit.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// `max.connections`: on all listeners.
    pub max_connections: usize,
    /// `max.connections.per.ip`.
    pub max_connections_per_ip: usize,
    /// `max.connections.per.ip.overrides`, resolved to addresses.
    pub max_connections_per_ip_overrides: BTreeMap<IpAddr, usize>,
    /// `listener.name.<name>.max.connections`, by the listener's name.
    pub max_connections_per_listener: BTreeMap<String, usize>,
    /// The listener that ignores `max_connections`, provided that there is another.
    pub inter_broker_listener: Option<String>,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: usize::MAX,
            max_connections_per_ip: usize::MAX,
            max_connections_per_ip_overrides: BTreeMap::new(),
            max_connections_per_listener: BTreeMap::new(),
            inter_broker_listener: None,
        }
    }
}

/// An address has its share of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{ip} already has the {max} connections it may have")]
pub(super) struct TooManyConnections {
    pub(super) ip: IpAddr,
    pub(super) max: usize,
}

pub(super) struct ConnectionQuota {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    limits: ConnectionLimits,
    total: usize,
    per_ip: BTreeMap<IpAddr, usize>,
    per_listener: BTreeMap<Arc<str>, usize>,
}

/// The right to be connected; given back when dropped.
pub(super) struct Admission {
    quota: Arc<ConnectionQuota>,
    listener: Arc<str>,
    ip: IpAddr,
}

impl ConnectionQuota {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        let state = State { limits, total: 0, per_ip: BTreeMap::new(), per_listener: BTreeMap::new() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    pub(super) fn set_limits(&self, limits: ConnectionLimits) {
        lock(&self.state).limits = limits;
        self.changed.notify_waiters();
    }

    /// A listener counts as one from here on.
    pub(super) fn add_listener(&self, listener: &Arc<str>) {
        lock(&self.state).per_listener.entry(listener.clone()).or_default();
    }

    /// Waits for a place, then takes it.
    pub(super) async fn admit(
        self: &Arc<Self>,
        listener: &Arc<str>,
        ip: IpAddr,
    ) -> Result<Admission, TooManyConnections> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = lock(&self.state);
                if state.has_place(listener) {
                    return state.take_place(listener, ip).map(|()| Admission {
                        quota: self.clone(),
                        listener: listener.clone(),
                        ip,
                    });
                }
            }
            changed.await;
        }
    }

    /// How many connections there are above `max_connections`, and the listener whose connections may stay.
    pub(super) fn excess(&self) -> (usize, Option<Arc<str>>) {
        let state = lock(&self.state);
        let protected = state.per_listener.keys().find(|listener| state.is_protected(listener)).cloned();
        (state.total.saturating_sub(state.limits.max_connections), protected)
    }
}

impl State {
    fn is_protected(&self, listener: &str) -> bool {
        self.limits.inter_broker_listener.as_deref() == Some(listener) && self.per_listener.len() > 1
    }

    fn has_place(&self, listener: &str) -> bool {
        let max = self.limits.max_connections_per_listener.get(listener).copied().unwrap_or(usize::MAX);
        let count = self.per_listener.get(listener).copied().unwrap_or(0);
        count < max && (self.is_protected(listener) || self.total < self.limits.max_connections)
    }

    fn take_place(&mut self, listener: &Arc<str>, ip: IpAddr) -> Result<(), TooManyConnections> {
        let overrides = &self.limits.max_connections_per_ip_overrides;
        let max = overrides.get(&ip).copied().unwrap_or(self.limits.max_connections_per_ip);
        if self.per_ip.get(&ip).copied().unwrap_or(0) >= max {
            return Err(TooManyConnections { ip, max });
        }
        *self.per_ip.entry(ip).or_default() += 1;
        *self.per_listener.entry(listener.clone()).or_default() += 1;
        self.total += 1;
        Ok(())
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut state = lock(&self.quota.state);
        state.total -= 1;
        if let Some(count) = state.per_listener.get_mut(&self.listener) {
            *count -= 1;
        }
        if let Some(count) = state.per_ip.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                state.per_ip.remove(&self.ip);
            }
        }
        drop(state);
        self.quota.changed.notify_waiters();
    }
}
