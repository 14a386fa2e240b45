//! The names of a log's files, and the directory they stand in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::io::Disk;
use arc_swap::ArcSwap;
use types::Offset;

/// The directory of one partition; it may be renamed while the log is open, so all its files ask here.
#[derive(Clone, Debug)]
pub(crate) struct LogDirectory {
    pub(crate) disk: Disk,
    path: Arc<ArcSwap<PathBuf>>,
    /// The mark of files that are named without one.
    mark: &'static str,
}

/// What a file of a log is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileKind {
    Log,
    OffsetIndex,
    TimeIndex,
    TransactionIndex,
    ProducerSnapshot,
}

impl FileKind {
    /// The four kinds a segment consists of.
    pub(crate) const SEGMENT: [Self; 4] =
        [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::TransactionIndex];

    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Log => ".log",
            Self::OffsetIndex => ".index",
            Self::TimeIndex => ".timeindex",
            Self::TransactionIndex => ".txnindex",
            Self::ProducerSnapshot => ".snapshot",
        }
    }
}

/// Marks files that are about to be removed.
pub(crate) const DELETED: &str = ".deleted";
/// Marks files that a cleaner or a split is still writing.
pub(crate) const CLEANED: &str = ".cleaned";
/// Marks finished files that are about to replace others.
pub(crate) const SWAP: &str = ".swap";

/// The name of a file, split into what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileName {
    pub(crate) base_offset: Offset,
    pub(crate) kind: FileKind,
    /// Empty, or one of [`DELETED`], [`CLEANED`], [`SWAP`].
    pub(crate) mark: &'static str,
}

impl FileName {
    /// `None` for files that do not belong to a segment.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mark = [DELETED, CLEANED, SWAP].into_iter().find(|mark| name.ends_with(mark)).unwrap_or("");
        let name = &name[..name.len() - mark.len()];
        let (digits, suffix) = name.split_at(name.find('.')?);
        let mut kinds = FileKind::SEGMENT.into_iter().chain([FileKind::ProducerSnapshot]);
        let kind = kinds.find(|kind| kind.suffix() == suffix)?;
        if digits.len() != 20 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        Some(Self { base_offset: Offset(digits.parse().ok()?), kind, mark })
    }
}

impl LogDirectory {
    pub(crate) fn new(disk: Disk, path: PathBuf) -> Self {
        Self { disk, path: Arc::new(ArcSwap::from_pointee(path)), mark: "" }
    }

    pub(crate) fn path(&self) -> Arc<PathBuf> {
        self.path.load_full()
    }

    pub(crate) fn moved_to(&self, path: PathBuf) {
        self.path.store(Arc::new(path));
    }

    /// The same directory, where files that are named without a mark have this one.
    pub(crate) fn marked(&self, mark: &'static str) -> Self {
        Self { mark, ..self.clone() }
    }

    /// `<directory>/<20 digits><suffix of the kind><mark>`.
    pub(crate) fn file(&self, base_offset: Offset, kind: FileKind, mark: &str) -> PathBuf {
        let mark = if mark.is_empty() { self.mark } else { mark };
        file(&self.path(), base_offset, kind, mark)
    }
}

fn file(directory: &Path, base_offset: Offset, kind: FileKind, mark: &str) -> PathBuf {
    directory.join(format!("{:020}{}{mark}", base_offset.0, kind.suffix()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        let path = file(Path::new("d"), Offset(42), FileKind::TimeIndex, DELETED);
        assert_eq!(path, Path::new("d/00000000000000000042.timeindex.deleted"));
        let parsed = FileName::parse("00000000000000000042.timeindex.deleted");
        assert_eq!(
            parsed,
            Some(FileName { base_offset: Offset(42), kind: FileKind::TimeIndex, mark: DELETED })
        );
    }

    #[test]
    fn other_files_are_left_alone() {
        for name in [
            "leader-epoch-checkpoint",
            "x.log",
            "00000000000000000042.log.tmp",
            "99999999999999999999.log",
            "",
        ] {
            assert_eq!(FileName::parse(name), None, "{name}");
        }
        // The metadata log's snapshots (offset-epoch.checkpoint) belong to the quorum.
        assert_eq!(FileName::parse("00000000000000000042-0000000001.checkpoint.deleted"), None);
    }
}
