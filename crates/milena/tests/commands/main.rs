//! The verbs of the command line, run as the binary itself against a node of their own. What the conformance suites
//! `command_line` and `command_line_verbs` hold against Apache Kafka is not told again here.

mod node;
mod pipes;
mod records;
mod storage;
mod why;
