//! The disk as a port: synchronous and coarse, enum-dispatched.
//!
//! *Durability:* what [`DiskFile::append`] wrote survives the death of the process; it survives a power cut once
//! [`DiskFile::sync`] returned, and a new, renamed or removed name once [`Disk::sync_directory`] returned for its
//! parent. The simulated disk forgets whatever was not synced when it is told to crash.

#[cfg(test)]
mod disk_test;
mod page_cache;
mod real;
mod simulated;

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

pub use real::RealFile;
pub use simulated::{Held, SimulatedDisk, SimulatedFile};

/// A file system; cheap to clone.
#[derive(Clone, Debug)]
pub enum Disk {
    /// The operating system's.
    Real,
    /// The operating system's, for data that ends with this process: syncs succeed without doing anything.
    Volatile,
    /// One in memory, with faults on demand.
    Simulated(SimulatedDisk),
}

/// An open file; cheap to clone, closed when the last clone is dropped. All reads and writes name their position.
#[derive(Clone, Debug)]
pub enum DiskFile {
    /// A file of the operating system.
    Real(RealFile),
    /// A file of a simulated disk.
    Simulated(SimulatedFile),
}

/// How [`Disk::open`] treats a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Read an existing file.
    Read,
    /// Read and write an existing file.
    ReadWrite,
    /// Read and write; made empty first where it does not exist.
    ReadWriteOrCreate,
    /// Read and write a new file; an existing one is an error.
    CreateNew,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirectoryEntry {
    /// The name without its directory.
    pub name: String,
    /// Whether it is a directory itself.
    pub is_directory: bool,
}

/// The room on the volume that holds a path, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeSpace {
    /// All of it.
    pub total: u64,
    /// What this process may still fill.
    pub usable: u64,
}

macro_rules! dispatch {
    ($self:ident, $real:expr, $simulated:ident => $simulation:expr) => {
        match $self {
            Disk::Real | Disk::Volatile => $real,
            Disk::Simulated($simulated) => $simulation,
        }
    };
}

impl Disk {
    /// Opens a file.
    ///
    /// # Errors
    /// As the file system reports them: not found, exists already, no permission, no space.
    pub fn open(&self, path: &Path, mode: OpenMode) -> io::Result<DiskFile> {
        let is_volatile = matches!(self, Self::Volatile);
        dispatch!(self, real::open(path, mode, is_volatile).map(DiskFile::Real), disk => disk.open(path, mode).map(DiskFile::Simulated))
    }

    /// Reads a whole file. Meant for small ones: checkpoints, properties, snapshots.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path, OpenMode::Read)?;
        let mut content = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
        file.read_exact_at(&mut content, 0)?;
        Ok(content)
    }

    /// Replaces a file so that readers and crashes see the old content or the new, never a mixture: written beside
    /// as `<name>.tmp`, synced, renamed, the directory synced.
    ///
    /// # Errors
    /// As the file system reports them; the old content then still stands.
    pub fn write_atomically(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let file = self.open(&temporary, OpenMode::ReadWriteOrCreate)?;
        file.set_len(0)?;
        file.append(&mut [IoSlice::new(content)], 0)?;
        file.sync()?;
        self.rename(&temporary, path)?;
        self.sync_directory(path.parent().unwrap_or(Path::new(".")))
    }

    /// Gives a file or directory another name, replacing a file of that name.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        dispatch!(self, std::fs::rename(from, to), disk => disk.rename(from, to))
    }

    /// Removes a file.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        dispatch!(self, std::fs::remove_file(path), disk => disk.remove_file(path))
    }

    /// Removes a directory and all that is in it.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn remove_directory(&self, path: &Path) -> io::Result<()> {
        dispatch!(self, std::fs::remove_dir_all(path), disk => disk.remove_directory(path))
    }

    /// Makes a directory and its parents; an existing one is no error.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn create_directory(&self, path: &Path) -> io::Result<()> {
        dispatch!(self, std::fs::create_dir_all(path), disk => disk.create_directory(path))
    }

    /// What is in a directory, sorted by name. Names that are not UTF-8 are left out: Kafka makes none.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn read_directory(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        dispatch!(self, real::read_directory(path), disk => disk.read_directory(path))
    }

    /// Makes names in this directory durable: files made, renamed and removed.
    ///
    /// # Errors
    /// As the file system reports them; never try again on the same handle.
    pub fn sync_directory(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Real => real::sync_directory(path),
            Self::Volatile => Ok(()),
            Self::Simulated(disk) => disk.sync_directory(path),
        }
    }

    /// Whether a file or directory of this name exists.
    pub fn exists(&self, path: &Path) -> bool {
        dispatch!(self, path.exists(), disk => disk.exists(path))
    }

    /// The room on the volume that holds a file or directory.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn space(&self, path: &Path) -> io::Result<VolumeSpace> {
        dispatch!(self, real::space(path), disk => disk.space(path))
    }

    /// Milliseconds since the Unix epoch at which the file was last written.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn modified_ms(&self, path: &Path) -> io::Result<i64> {
        dispatch!(self, real::modified_ms(path), disk => disk.modified_ms(path))
    }
}

impl DiskFile {
    /// Writes all slices one after the other from `position` on, as one write where the system takes it so.
    /// On failure an unknown prefix may have been written; the caller cuts it off.
    ///
    /// # Errors
    /// As the file system reports them: no space, input/output.
    pub fn append(&self, slices: &mut [IoSlice<'_>], position: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.append(slices, position),
            Self::Simulated(file) => file.append(slices, position),
        }
    }

    /// Reads up to `buffer.len()` bytes from `position`; fewer only at the end of the file.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.read_at(buffer, position),
            Self::Simulated(file) => file.read_at(buffer, position),
        }
    }

    /// Fills the buffer from `position`.
    ///
    /// # Errors
    /// `UnexpectedEof` where the file ends first, else as the file system reports them.
    pub fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        if self.read_at(buffer, position)? < buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Fills the buffer from `position` if that needs no waiting for the disk. `false`: it does, or the file ends
    /// before; what the buffer holds is then not to be used.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn read_held(&self, buffer: &mut [u8], position: u64) -> io::Result<bool> {
        match self {
            Self::Real(file) => file.read_held(buffer, position),
            Self::Simulated(file) => file.read_held(buffer, position),
        }
    }

    /// Whether a range is in memory, so that reading or sending it does not wait for the disk. A system or file system
    /// that cannot tell says yes.
    pub fn holds(&self, position: u64, length: usize) -> bool {
        match self {
            Self::Real(file) => file.holds(position, length),
            Self::Simulated(file) => file.holds(),
        }
    }

    /// Brings a range into memory and waits until it is there, as far as the file goes.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn fill(&self, position: u64, length: usize) -> io::Result<()> {
        match self {
            Self::Real(file) => file.fill(position, length),
            Self::Simulated(file) => file.fill(),
        }
    }

    /// The file's length in bytes.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn len(&self) -> io::Result<u64> {
        match self {
            Self::Real(file) => file.len(),
            Self::Simulated(file) => file.len(),
        }
    }

    /// Whether the file holds no byte.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts the file to `length` or extends it with zeros.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn set_len(&self, length: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.set_len(length),
            Self::Simulated(file) => file.set_len(length),
        }
    }

    /// Makes the content durable (`fdatasync`). After an error the content's fate is unknown and a second call
    /// proves nothing: the directory has failed.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn sync(&self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.sync(),
            Self::Simulated(file) => file.sync(),
        }
    }

    /// Has the file system say that the file was last written then, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn set_modified_ms(&self, at_ms: i64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.set_modified_ms(at_ms),
            Self::Simulated(file) => file.set_modified_ms(at_ms),
        }
    }

    /// Takes the exclusive advisory lock that Kafka takes on `.lock`; `false` where another process holds it. Held
    /// until the last clone of this handle is dropped.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn try_lock(&self) -> io::Result<bool> {
        match self {
            Self::Real(file) => file.try_lock(),
            Self::Simulated(file) => file.try_lock(),
        }
    }

    /// Hands bytes of this file to a socket without copying them through this process (`sendfile`). Returns how many
    /// went; `WouldBlock` where the socket takes none now.
    ///
    /// # Errors
    /// As the system reports them; `Unsupported` on a simulated file, whose bytes are read and written instead.
    pub fn send_to(&self, socket: BorrowedFd<'_>, position: u64, length: usize) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.send_to(socket, position, length),
            Self::Simulated(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// A range of bytes of a file that is held open, so that the bytes stay readable after the name is gone.
#[derive(Clone, Debug)]
pub struct FileRegion {
    /// The file; never cut below the end of this region while the region is read.
    pub file: DiskFile,
    /// First byte of the region.
    pub position: u64,
    /// Bytes in the region.
    pub length: usize,
}

impl FileRegion {
    /// The region's bytes, copied.
    ///
    /// # Errors
    /// `UnexpectedEof` where the file was cut, else as the file system reports them.
    pub fn read(&self) -> io::Result<bytes::Bytes> {
        let mut content = vec![0; self.length];
        self.file.read_exact_at(&mut content, self.position)?;
        Ok(content.into())
    }
}
