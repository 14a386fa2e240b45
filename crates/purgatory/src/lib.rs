//! Delayed operations on a hierarchical timing wheel, as a pure machine.
