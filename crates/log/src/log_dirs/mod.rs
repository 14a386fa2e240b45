//! The data directories of a node.
