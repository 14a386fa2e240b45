//! The data directories of a node.

mod data_directory;
mod directory_name;

pub use data_directory::{DataDirectory, DataDirectoryError, DirectoryState};
pub use directory_name::{DirectoryKind, DirectoryName};
