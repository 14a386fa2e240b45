//! The one binary: a node's roles and the command line.
