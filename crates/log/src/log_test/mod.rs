//! The log as its users see it, on the real and on the simulated disk.

mod append;
mod cleaning;
mod cleaning_lives;
mod crashes;
mod faults;
mod fixture;
mod leftovers;
mod patience;
mod readers;
mod recovery;
mod retention;
mod timestamps;
mod transactions;
mod truncation;
