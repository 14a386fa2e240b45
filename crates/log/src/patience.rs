//! Whether a read may wait for the disk.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, TryLockError};

use ::io::DiskFile;

use crate::LogError;

/// What a reader does where what it needs is not in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It waits for the disk.
    Waits,
    /// It fails with [`LogError::NotInMemory`]: its thread serves others as well.
    Hurries,
}

impl Patience {
    /// Fills the buffer as far as the file goes, and returns how far that is.
    pub(crate) fn read(
        self,
        file: &DiskFile,
        buffer: &mut [u8],
        position: u64,
        path: impl FnOnce() -> PathBuf,
    ) -> Result<usize, LogError> {
        let read = match self {
            Self::Waits => file.read_at(buffer, position),
            Self::Hurries => match file.read_held(buffer, position) {
                Ok(false) => return Err(LogError::NotInMemory),
                held => held.map(|_| buffer.len()),
            },
        };
        read.map_err(|source| LogError::Io { path: path(), source })
    }

    /// Locks for reading; who holds the lock may be waiting for the disk.
    pub(crate) fn read_lock<T>(self, lock: &RwLock<T>) -> Result<RwLockReadGuard<'_, T>, LogError> {
        match self {
            Self::Waits => Ok(lock.read().unwrap_or_else(PoisonError::into_inner)),
            Self::Hurries => held(lock.try_read()),
        }
    }

    /// As [`Self::read_lock`].
    pub(crate) fn lock<T>(self, mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>, LogError> {
        match self {
            Self::Waits => Ok(mutex.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::Hurries => held(mutex.try_lock()),
        }
    }

    /// Whether a file may be opened first.
    pub(crate) fn check_open(self, is_open: bool) -> Result<(), LogError> {
        if is_open || self == Self::Waits { Ok(()) } else { Err(LogError::NotInMemory) }
    }
}

fn held<G>(locked: Result<G, TryLockError<G>>) -> Result<G, LogError> {
    match locked {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(LogError::NotInMemory),
    }
}
