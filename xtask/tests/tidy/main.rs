//! The shape of the house, checked by an ordinary test. It fails on architecture only; on taste it prints.
//!
//! Run it alone with `cargo test -p xtask --test tidy -- --nocapture`.

mod advertised;
mod command_codes;
mod edges;
mod machine_paths;
mod named_paths;
mod purity;
mod reasons;
mod sleeps;
mod taste;
mod tree;
