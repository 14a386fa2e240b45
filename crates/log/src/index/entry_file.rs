//! A file of fixed-size entries in ascending order, of which the newest are in memory.
//!
//! *Invariant:* entries `cached_from..` are in `cached`; entries `..written` are in the file; `cached_from <= written`.

use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::io::DiskFile;
use ::io::disk::OpenMode;
use types::Offset;

use crate::files::{FileKind, LogDirectory};
use crate::{LogError, Patience};

/// Entries that may wait in memory before they are written: 2 MB of log at the default distance of entries.
const UNWRITTEN_MAX: usize = 512;
/// Entries kept in memory after they were written: readers near the end find them without a read.
const KEPT: usize = 256;
/// Once a binary search has come down to so many entries they are read at once.
const BLOCK: usize = 256;

/// Entries read at once by a walk over all.
const WALK: usize = 4096;

/// See the module's text. `N` is an entry's size in bytes.
#[derive(Debug)]
pub(super) struct EntryFile<const N: usize> {
    directory: LogDirectory,
    base_offset: Offset,
    kind: FileKind,
    state: RwLock<State<N>>,
}

#[derive(Debug)]
struct State<const N: usize> {
    /// Opened when it is first needed.
    file: Option<DiskFile>,
    /// Bytes in the file, of which those behind the `written` entries do not count.
    file_bytes: u64,
    written: usize,
    cached_from: usize,
    cached: Vec<[u8; N]>,
}

impl<const N: usize> State<N> {
    fn len(&self) -> usize {
        self.cached_from + self.cached.len()
    }
}

impl<const N: usize> EntryFile<N> {
    pub(super) fn new(directory: LogDirectory, base_offset: Offset, kind: FileKind) -> Self {
        let state = State { file: None, file_bytes: 0, written: 0, cached_from: 0, cached: Vec::new() };
        Self { directory, base_offset, kind, state: RwLock::new(state) }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.file(self.base_offset, self.kind, "")
    }

    pub(super) fn len(&self) -> Result<usize, LogError> {
        Ok(self.read(Patience::Waits)?.len())
    }

    pub(super) fn entry(&self, number: usize, patience: Patience) -> Result<Option<[u8; N]>, LogError> {
        let state = self.read(patience)?;
        if number < state.len() { self.get(&state, number, patience).map(Some) } else { Ok(None) }
    }

    pub(super) fn last(&self) -> Result<Option<[u8; N]>, LogError> {
        let state = self.read(Patience::Waits)?;
        match state.len() {
            0 => Ok(None),
            len => self.get(&state, len - 1, Patience::Waits).map(Some),
        }
    }

    /// How many leading entries are in the part where `is_in` holds; it must hold for a prefix of them.
    pub(super) fn partition_point(
        &self,
        is_in: impl Fn(&[u8; N]) -> bool,
        patience: Patience,
    ) -> Result<usize, LogError> {
        let state = self.read(patience)?;
        if state.cached.first().is_some_and(&is_in) || state.cached_from == 0 {
            return Ok(state.cached_from + state.cached.partition_point(is_in));
        }
        let (mut low, mut high) = (0, state.cached_from);
        while high - low > BLOCK {
            let middle = low + (high - low) / 2;
            if is_in(&self.get(&state, middle, patience)?) { low = middle + 1 } else { high = middle }
        }
        let mut block = vec![[0; N]; high - low];
        self.read_entries(&state, low, block.as_flattened_mut(), patience)?;
        Ok(low + block.partition_point(is_in))
    }

    /// Adds an entry; it may stay in memory until [`Self::write_out`].
    pub(super) fn push(&self, entry: [u8; N]) -> Result<(), LogError> {
        let mut state = self.write()?;
        state.cached.push(entry);
        if state.len() - state.written >= UNWRITTEN_MAX {
            self.write_entries(&mut state)?;
            let surplus = state.cached.len().saturating_sub(KEPT);
            state.cached.drain(..surplus);
            state.cached_from += surplus;
        }
        Ok(())
    }

    /// Keeps the first `length` entries, in the file too.
    pub(super) fn truncate(&self, length: usize) -> Result<(), LogError> {
        let mut state = self.write()?;
        if length >= state.len() {
            return Ok(());
        }
        let kept = length.saturating_sub(state.cached_from);
        state.cached.truncate(kept);
        state.cached_from = state.cached_from.min(length);
        state.written = state.written.min(length);
        self.cut_file(&mut state)
    }

    /// Forgets all entries; a missing file is made. The file itself is cut when entries are handed to it: file systems
    /// take a file that is emptied and written again for a replacement, and write it to the device at once.
    pub(super) fn reset(&self) -> Result<(), LogError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let path = self.path();
        let opened = match state.file.take() {
            Some(file) => Ok(file),
            None => self.directory.disk.open(&path, OpenMode::ReadWriteOrCreate),
        };
        let (file_bytes, file) =
            opened.and_then(|file| Ok((file.len()?, file))).map_err(LogError::io(&path))?;
        *state = State { file: Some(file), file_bytes, written: 0, cached_from: 0, cached: Vec::new() };
        Ok(())
    }

    /// Hands all entries to the file and gives it its exact size.
    pub(super) fn write_out(&self) -> Result<(), LogError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // An index that was never touched is complete in its file.
        if state.file.is_none() { Ok(()) } else { self.write_entries(&mut state) }
    }

    /// Hands all entries to the file and makes it durable.
    pub(super) fn sync(&self) -> Result<(), LogError> {
        let file = match self.write() {
            Ok(mut state) => {
                self.write_entries(&mut state)?;
                state.file.clone()
            }
            // The segment was deleted meanwhile.
            Err(LogError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        file.map_or(Ok(()), |file| file.sync()).map_err(LogError::io(self.path()))
    }

    /// Forgets all entries from the first that does not `follow` the one before: what a power cut leaves of entries
    /// that were not durable.
    pub(super) fn truncate_unless(
        &self,
        follows: impl Fn(&[u8; N], &[u8; N]) -> bool,
    ) -> Result<(), LogError> {
        let kept = {
            let state = self.read(Patience::Waits)?;
            let mut block = vec![[0; N]; WALK.min(state.len())];
            let (mut kept, mut before) = (0, None);
            'walk: while kept < state.len() {
                let count = WALK.min(state.len() - kept);
                for (index, entry) in block[..count].iter_mut().enumerate() {
                    if kept + index >= state.cached_from {
                        *entry = state.cached[kept + index - state.cached_from];
                    }
                }
                let in_file = state.cached_from.saturating_sub(kept).min(count);
                self.read_entries(&state, kept, block[..in_file].as_flattened_mut(), Patience::Waits)?;
                for entry in &block[..count] {
                    if before.is_some_and(|before| !follows(&before, entry)) {
                        break 'walk;
                    }
                    before = Some(*entry);
                    kept += 1;
                }
            }
            kept
        };
        self.truncate(kept)
    }

    /// Hands all entries to the file and lets go of it until it is needed again: logs may have many old segments.
    pub(super) fn release(&self) -> Result<(), LogError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        self.write_entries(&mut state)?;
        *state = State { file: None, file_bytes: 0, written: 0, cached_from: 0, cached: Vec::new() };
        Ok(())
    }

    fn read(&self, patience: Patience) -> Result<RwLockReadGuard<'_, State<N>>, LogError> {
        let state = patience.read_lock(&self.state)?;
        if state.file.is_some() {
            return Ok(state);
        }
        drop(state);
        patience.check_open(false)?;
        drop(self.write()?);
        Ok(self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self) -> Result<RwLockWriteGuard<'_, State<N>>, LogError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.file.is_none() {
            let path = self.path();
            let opened = (self.directory.disk.open(&path, OpenMode::ReadWrite))
                .and_then(|file| Ok((valid_entries::<N>(&file)?, file)));
            let (entries, file) = opened.map_err(LogError::io(&path))?;
            *state = State {
                file: Some(file),
                file_bytes: (entries * N) as u64,
                written: entries,
                cached_from: entries,
                cached: Vec::new(),
            };
        }
        Ok(state)
    }

    fn get(&self, state: &State<N>, number: usize, patience: Patience) -> Result<[u8; N], LogError> {
        if let Some(cached) = number.checked_sub(state.cached_from) {
            return Ok(state.cached[cached]);
        }
        let mut entry = [0; N];
        self.read_entries(state, number, &mut entry, patience)?;
        Ok(entry)
    }

    fn read_entries(
        &self,
        state: &State<N>,
        number: usize,
        buffer: &mut [u8],
        patience: Patience,
    ) -> Result<(), LogError> {
        let failed = |kind: io::ErrorKind| LogError::io(self.path())(kind.into());
        let file = state.file.as_ref().ok_or_else(|| failed(io::ErrorKind::NotFound))?;
        let read = patience.read(file, buffer, (number * N) as u64, || self.path())?;
        if read < buffer.len() { Err(failed(io::ErrorKind::UnexpectedEof)) } else { Ok(()) }
    }

    fn write_entries(&self, state: &mut State<N>) -> Result<(), LogError> {
        if state.written < state.len() {
            let unwritten = state.cached[state.written - state.cached_from..].as_flattened();
            let file = state.file.as_ref().ok_or(io::ErrorKind::NotFound.into());
            file.and_then(|file| file.append(&mut [IoSlice::new(unwritten)], (state.written * N) as u64))
                .map_err(LogError::io(self.path()))?;
            state.written = state.len();
            state.file_bytes = state.file_bytes.max((state.written * N) as u64);
        }
        self.cut_file(state)
    }

    /// Gives the file the exact size of its entries.
    fn cut_file(&self, state: &mut State<N>) -> Result<(), LogError> {
        let length = (state.written * N) as u64;
        if state.file_bytes > length {
            state
                .file
                .as_ref()
                .map_or(Ok(()), |file| file.set_len(length))
                .map_err(LogError::io(self.path()))?;
            state.file_bytes = length;
        }
        Ok(())
    }
}

/// Entries in a file before the zeros that preallocation left, which are cut off.
fn valid_entries<const N: usize>(file: &DiskFile) -> io::Result<usize> {
    let length = file.len()?;
    let entries = usize::try_from(length).map_err(io::Error::other)? / N;
    let is_zero = |number: usize| {
        let mut entry = [0; N];
        file.read_exact_at(&mut entry, (number * N) as u64).map(|()| entry == [0; N])
    };
    let (mut low, mut high) = (0, entries);
    // A single zero entry is one: a record at the epoch's first millisecond, at the segment's first offset.
    if entries > 1 && is_zero(entries - 1)? {
        while low < high {
            let middle = low + (high - low) / 2;
            if is_zero(middle)? { high = middle } else { low = middle + 1 }
        }
    } else {
        low = entries;
    }
    if length != (low * N) as u64 {
        file.set_len((low * N) as u64)?;
    }
    Ok(low)
}
