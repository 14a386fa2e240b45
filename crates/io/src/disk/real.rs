//! The operating system's file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use super::{DirectoryEntry, OpenMode, VolumeSpace, page_cache};

/// An open file of the operating system.
#[derive(Clone, Debug)]
pub struct RealFile {
    file: Arc<OpenFile>,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    /// Its file system keeps what was read in the page cache, as far as is known. Some have a cache of their own: what
    /// the system says of pages means nothing there.
    uses_page_cache: AtomicBool,
    /// Nobody needs its content after this process.
    is_volatile: bool,
}

pub(super) fn open(path: &Path, mode: OpenMode, is_volatile: bool) -> io::Result<RealFile> {
    let mut options = OpenOptions::new();
    options.read(true);
    match mode {
        OpenMode::Read => &mut options,
        OpenMode::ReadWrite => options.write(true),
        OpenMode::ReadWriteOrCreate => options.write(true).create(true).truncate(false),
        OpenMode::CreateNew => options.write(true).create_new(true),
    };
    let file = OpenFile { file: options.open(path)?, uses_page_cache: AtomicBool::new(true), is_volatile };
    Ok(RealFile { file: Arc::new(file) })
}

pub(super) fn read_directory(path: &Path) -> io::Result<Vec<DirectoryEntry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            entries.push(DirectoryEntry { name, is_directory: entry.file_type()?.is_dir() });
        }
    }
    entries.sort_unstable();
    Ok(entries)
}

pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(super) fn modified_ms(path: &Path) -> io::Result<i64> {
    let since_epoch = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn space(path: &Path) -> io::Result<VolumeSpace> {
    let volume = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(volume.f_frsize);
    Ok(VolumeSpace { total: bytes(volume.f_blocks), usable: bytes(volume.f_bavail) })
}

impl RealFile {
    fn file(&self) -> &File {
        &self.file.file
    }

    pub(super) fn set_modified_ms(&self, at_ms: i64) -> io::Result<()> {
        let since_epoch = std::time::Duration::from_millis(u64::try_from(at_ms).unwrap_or(0));
        self.file().set_modified(UNIX_EPOCH + since_epoch)
    }

    pub(super) fn append(&self, mut slices: &mut [IoSlice<'_>], mut position: u64) -> io::Result<()> {
        while slices.iter().any(|slice| !slice.is_empty()) {
            match rustix::io::pwritev(self.file(), slices, position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    position += written as u64;
                    IoSlice::advance_slices(&mut slices, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file().read_at(&mut buffer[filled..], position + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    pub(super) fn read_held(&self, buffer: &mut [u8], position: u64) -> io::Result<bool> {
        page_cache::read_held(self.file(), buffer, position)
    }

    pub(super) fn holds(&self, position: u64, length: usize) -> bool {
        !self.file.uses_page_cache.load(Ordering::Relaxed) || page_cache::holds(self.file(), position, length)
    }

    pub(super) fn fill(&self, position: u64, length: usize) -> io::Result<()> {
        page_cache::fill(self.file(), position, length)?;
        let is_within = self.len()? >= position + length as u64;
        if is_within && !page_cache::holds(self.file(), position, length) {
            self.file.uses_page_cache.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file().metadata()?.len())
    }

    pub(super) fn set_len(&self, length: u64) -> io::Result<()> {
        self.file().set_len(length)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        if self.file.is_volatile { Ok(()) } else { self.file().sync_data() }
    }

    pub(super) fn try_lock(&self) -> io::Result<bool> {
        // Java's FileChannel.tryLock takes a POSIX record lock on the whole file; only the same kind excludes it.
        match rustix::fs::fcntl_lock(self.file(), rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn send_to(&self, socket: BorrowedFd<'_>, position: u64, length: usize) -> io::Result<usize> {
        let mut offset = position;
        Ok(rustix::fs::sendfile(socket, self.file(), Some(&mut offset), length)?)
    }
}
