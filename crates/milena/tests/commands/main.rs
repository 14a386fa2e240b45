//! The verbs of the command line, run as the binary itself against a node of their own. What the conformance suites
//! `command_line` and `command_line_verbs` hold against Apache Kafka is not told again here.

mod admin;
mod contexts;
mod doctor;
mod measures;
mod node;
mod pipes;
mod records;
mod shells;
mod storage;
mod terminal;
mod txn;
mod why;
mod wire;
