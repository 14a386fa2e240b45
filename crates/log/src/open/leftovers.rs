//! Files that a stop in the middle of a deletion, a compaction or a split left behind.

use types::Offset;

use crate::LogError;
use crate::files::{CLEANED, DELETED, FileKind, FileName, LogDirectory, SWAP};
use crate::segment::scan::{HeaderScan, ScannedFile, WALK_BYTES};

/// Removes what was marked for removal or not finished, and finishes replacements that were decided.
///
/// A `.cleaned` file is unfinished; `.swap` files at or above the first of them may belong to the same unfinished
/// split and go too (KAFKA-6264). The other `.swap` files are whole: what they replace goes, then they take its name.
pub(super) fn tidy(directory: &LogDirectory) -> Result<(), LogError> {
    let names = names(directory)?;
    let first_cleaned = names.iter().filter(|file| file.mark == CLEANED).map(|file| file.base_offset).min();
    let mut replaced: Option<(Offset, Offset)> = None;
    let mut swaps = Vec::new();
    for file in names {
        let is_unfinished = first_cleaned.is_some_and(|first| file.base_offset >= first);
        match file.mark {
            DELETED | CLEANED => remove(directory, &file)?,
            SWAP if is_unfinished => remove(directory, &file)?,
            SWAP => {
                if file.kind == FileKind::Log {
                    // One without batches replaces at least what has its name.
                    let end = next_offset(directory, &file)?.max(file.base_offset.plus(1));
                    let (low, high) = replaced.unwrap_or((file.base_offset, end));
                    replaced = Some((low.min(file.base_offset), high.max(end)));
                }
                swaps.push(file);
            }
            _ => {}
        }
    }
    if let Some((low, high)) = replaced {
        for file in self::names(directory)?.into_iter().filter(|file| file.mark.is_empty()) {
            if (low..high).contains(&file.base_offset) {
                remove(directory, &file)?;
            }
        }
    }
    for file in swaps {
        let from = directory.file(file.base_offset, file.kind, SWAP);
        let to = directory.file(file.base_offset, file.kind, "");
        directory.disk.rename(&from, &to).map_err(LogError::io(&from))?;
    }
    Ok(())
}

fn names(directory: &LogDirectory) -> Result<Vec<FileName>, LogError> {
    let path = directory.path();
    let entries = directory.disk.read_directory(&path).map_err(LogError::io(&*path))?;
    let files = entries.iter().filter(|entry| !entry.is_directory);
    Ok(files.filter_map(|entry| FileName::parse(&entry.name)).collect())
}

fn remove(directory: &LogDirectory, file: &FileName) -> Result<(), LogError> {
    let path = directory.file(file.base_offset, file.kind, file.mark);
    directory.disk.remove_file(&path).map_err(LogError::io(&path))
}

/// The offset after the last whole batch.
fn next_offset(directory: &LogDirectory, file: &FileName) -> Result<Offset, LogError> {
    let path = directory.file(file.base_offset, file.kind, file.mark);
    let opened = directory.disk.open(&path, ::io::disk::OpenMode::Read).map_err(LogError::io(&path))?;
    let length = opened.len().map_err(LogError::io(&path))?;
    let mut scan = HeaderScan::new(&opened, ScannedFile::Other(&path), 0, length, WALK_BYTES);
    let mut next = file.base_offset;
    loop {
        match scan.next() {
            Ok(Some(located)) => next = located.header.next_offset(),
            Ok(None) | Err(LogError::Corrupt { .. }) => return Ok(next),
            Err(error) => return Err(error),
        }
    }
}
