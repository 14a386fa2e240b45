//! The door for every task of this project.

fn main() {}
