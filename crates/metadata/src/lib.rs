//! The cluster metadata: its records and the immutable image they add up to.
