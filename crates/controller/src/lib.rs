//! The controller's rules as a pure decide/replay machine.
