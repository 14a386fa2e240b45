//! `.txnindex`: the aborted transactions whose markers stand in a segment (KIP-98). The file exists only once there
//! is one.

use std::io::IoSlice;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::io::DiskFile;
use ::io::disk::OpenMode;
use types::{Offset, ProducerId};

use crate::files::{FileKind, LogDirectory};
use crate::{LogError, Patience};

const ENTRY: usize = 34;
const VERSION: i16 = 0;
/// Entries read at once.
const BLOCK: usize = 256;

/// A transaction whose records a read_committed reader skips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Its producer.
    pub producer_id: ProducerId,
    /// Its first offset in the partition.
    pub first_offset: Offset,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// Last stable offset when the marker was written: transactions that began earlier stand before it in the index.
    pub last_stable_offset: Offset,
}

/// What a segment says about a range of offsets.
#[derive(Debug)]
pub(crate) struct AbortedTransactions {
    pub(crate) found: Vec<AbortedTransaction>,
    /// Later segments can hold no more of them.
    pub(crate) is_complete: bool,
}

/// A segment's transaction index.
#[derive(Debug)]
pub(crate) struct TransactionIndex {
    directory: LogDirectory,
    base_offset: Offset,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None`: there is none, or it was not opened yet.
    file: Option<DiskFile>,
    /// `None`: not known before the file is opened.
    entries: Option<usize>,
    is_synced: bool,
    /// Whether a power cut leaves the file its name.
    is_name_synced: bool,
}

impl TransactionIndex {
    /// `exists`: whether the file is there.
    pub(crate) fn new(directory: LogDirectory, base_offset: Offset, exists: bool) -> Self {
        let entries = if exists { None } else { Some(0) };
        Self {
            directory,
            base_offset,
            state: Mutex::new(State { file: None, entries, is_synced: true, is_name_synced: true }),
        }
    }

    /// Adds a transaction, whose marker must be after those of all others; written at once.
    pub(crate) fn append(&self, transaction: AbortedTransaction) -> Result<(), LogError> {
        let mut state = self.opened()?;
        let entries = state.entries.unwrap_or(0);
        if entries > 0
            && self.read(&state, entries - 1, 1, Patience::Waits)?[0].last_offset >= transaction.last_offset
        {
            return Err(self.corrupt(entries, "markers that do not ascend"));
        }
        if state.file.is_none() {
            let path = self.path();
            let opened = self.directory.disk.open(&path, OpenMode::ReadWriteOrCreate);
            state.file = Some(opened.map_err(LogError::io(&path))?);
            state.is_name_synced = false;
        }
        if let Some(file) = &state.file {
            let written = file.append(&mut [IoSlice::new(&encode(&transaction))], (entries * ENTRY) as u64);
            written.map_err(LogError::io(self.path()))?;
        }
        state.entries = Some(entries + 1);
        state.is_synced = false;
        Ok(())
    }

    /// The aborted transactions that have records in `from..upper_bound`.
    pub(crate) fn collect(
        &self,
        from: Offset,
        upper_bound: Offset,
        patience: Patience,
    ) -> Result<AbortedTransactions, LogError> {
        let mut state = patience.lock(&self.state)?;
        patience.check_open(state.entries.is_some())?;
        self.open_entries(&mut state)?;
        let mut found = Vec::new();
        let mut number = 0;
        while number < state.entries.unwrap_or(0) {
            for transaction in self.read(&state, number, BLOCK, patience)? {
                number += 1;
                if transaction.last_offset >= from && transaction.first_offset < upper_bound {
                    found.push(transaction);
                }
                if transaction.last_stable_offset >= upper_bound {
                    return Ok(AbortedTransactions { found, is_complete: true });
                }
            }
        }
        Ok(AbortedTransactions { found, is_complete: false })
    }

    /// Fails where a transaction ends before the segment begins.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let state = self.opened()?;
        let mut number = 0;
        while number < state.entries.unwrap_or(0) {
            for transaction in self.read(&state, number, BLOCK, Patience::Waits)? {
                if transaction.last_offset < self.base_offset {
                    return Err(self.corrupt(number, "a transaction that ends before the segment begins"));
                }
                number += 1;
            }
        }
        Ok(())
    }

    /// Forgets transactions whose markers are at or above `offset`.
    pub(crate) fn truncate_to(&self, offset: Offset) -> Result<(), LogError> {
        let mut state = self.opened()?;
        let mut kept = 0;
        while kept < state.entries.unwrap_or(0) {
            if self.read(&state, kept, 1, Patience::Waits)?[0].last_offset >= offset {
                break;
            }
            kept += 1;
        }
        self.set_entries(&mut state, kept)
    }

    /// Forgets all transactions.
    pub(crate) fn reset(&self) -> Result<(), LogError> {
        let mut state = self.lock();
        self.open_file(&mut state)?;
        self.set_entries(&mut state, 0)
    }

    /// Makes the entries durable, where there are new ones, and the name of a file that was made for them: nobody else
    /// syncs the directory of a segment that was there before.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        let mut state = self.lock();
        if !state.is_synced {
            state.file.as_ref().map_or(Ok(()), DiskFile::sync).map_err(LogError::io(self.path()))?;
            state.is_synced = true;
        }
        if !state.is_name_synced {
            let path = self.directory.path();
            self.directory.disk.sync_directory(&path).map_err(LogError::io(&*path))?;
            state.is_name_synced = true;
        }
        Ok(())
    }

    /// Whether there is no file.
    pub(crate) fn is_absent(&self) -> bool {
        let state = self.lock();
        state.file.is_none() && state.entries == Some(0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> Result<MutexGuard<'_, State>, LogError> {
        let mut state = self.lock();
        self.open_entries(&mut state)?;
        Ok(state)
    }

    fn open_entries(&self, state: &mut State) -> Result<(), LogError> {
        if state.entries.is_none() {
            let length = self.open_file(state)?;
            state.entries = Some(usize::try_from(length).unwrap_or(usize::MAX) / ENTRY);
        }
        Ok(())
    }

    fn open_file(&self, state: &mut State) -> Result<u64, LogError> {
        if state.file.is_none() && state.entries.is_none() {
            let path = self.path();
            state.file =
                Some(self.directory.disk.open(&path, OpenMode::ReadWrite).map_err(LogError::io(&path))?);
        }
        state.file.as_ref().map_or(Ok(0), DiskFile::len).map_err(LogError::io(self.path()))
    }

    fn set_entries(&self, state: &mut State, entries: usize) -> Result<(), LogError> {
        let length = (entries * ENTRY) as u64;
        state.file.as_ref().map_or(Ok(()), |file| file.set_len(length)).map_err(LogError::io(self.path()))?;
        state.entries = Some(entries);
        state.is_synced = false;
        Ok(())
    }

    /// Up to `count` entries from `number` on; at least one, where `number` exists.
    fn read(
        &self,
        state: &State,
        number: usize,
        count: usize,
        patience: Patience,
    ) -> Result<Vec<AbortedTransaction>, LogError> {
        let count = count.min(state.entries.unwrap_or(0) - number);
        let mut bytes = vec![0; count * ENTRY];
        if let Some(file) = &state.file {
            let read = patience.read(file, &mut bytes, (number * ENTRY) as u64, || self.path())?;
            if read < bytes.len() {
                return Err(LogError::io(self.path())(std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let (entries, _) = bytes.as_chunks::<ENTRY>();
        let decode = |(index, entry)| {
            decode(entry).ok_or_else(|| self.corrupt(number + index, "an entry of an unknown version"))
        };
        entries.iter().enumerate().map(decode).collect()
    }

    fn path(&self) -> PathBuf {
        self.directory.file(self.base_offset, FileKind::TransactionIndex, "")
    }

    fn corrupt(&self, number: usize, reason: &'static str) -> LogError {
        LogError::corrupt(self.path(), (number * ENTRY) as u64, reason)
    }
}

fn encode(transaction: &AbortedTransaction) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..2].copy_from_slice(&VERSION.to_be_bytes());
    let fields = [
        transaction.producer_id.0,
        transaction.first_offset.0,
        transaction.last_offset.0,
        transaction.last_stable_offset.0,
    ];
    for (index, field) in fields.into_iter().enumerate() {
        entry[2 + 8 * index..10 + 8 * index].copy_from_slice(&field.to_be_bytes());
    }
    entry
}

fn decode(entry: &[u8; ENTRY]) -> Option<AbortedTransaction> {
    let version = i16::from_be_bytes([entry[0], entry[1]]);
    let (fields, _) = entry[2..].as_chunks::<8>();
    match fields {
        [producer_id, first_offset, last_offset, last_stable_offset] if version <= VERSION => {
            Some(AbortedTransaction {
                producer_id: ProducerId(i64::from_be_bytes(*producer_id)),
                first_offset: Offset(i64::from_be_bytes(*first_offset)),
                last_offset: Offset(i64::from_be_bytes(*last_offset)),
                last_stable_offset: Offset(i64::from_be_bytes(*last_stable_offset)),
            })
        }
        _ => None,
    }
}
