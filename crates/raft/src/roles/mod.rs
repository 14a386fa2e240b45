//! The roles of a replica in an epoch, one small file each.
//!
//! ```text
//! unattached ──▶ prospective ──▶ candidate ──▶ leader ──▶ resigned
//!      ▲                                                      │ election timeout, epoch + 1
//!      └──────────────────────────────────────────────────────┘
//! ```
//! A quorum of one walks from the left to leader within one event: its own vote is the majority.

mod candidate;
mod leader;
mod prospective;
mod resigned;
mod unattached;

pub(crate) use candidate::Candidate;
pub(crate) use leader::Leader;
pub(crate) use prospective::Prospective;
pub(crate) use resigned::Resigned;
pub(crate) use unattached::Unattached;

/// What this replica is in the current epoch.
#[derive(Debug)]
pub(crate) enum Role {
    Unattached(Unattached),
    Prospective(Prospective),
    Candidate(Candidate),
    Leader(Leader),
    Resigned(Resigned),
}
