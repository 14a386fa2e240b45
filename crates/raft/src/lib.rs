//! The KRaft consensus rules as a pure machine: no socket, file, clock or thread.
