//! Listeners, connections, frames on sockets, and the order in which requests take effect.
