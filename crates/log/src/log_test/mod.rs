//! The log as its users see it, on the real and on the simulated disk.

mod append;
mod fixture;
mod recovery;
