//! A file system in memory that remembers what was synced, so that a crash can forget the rest.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{DirectoryEntry, OpenMode, VolumeSpace};
use crate::{Clock, Entropy};

/// A simulated file system; clones share it. See [`SimulatedDisk::crash`] for what a power cut leaves.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    reads: Arc<Gate>,
    syncs: Arc<Gate>,
}

/// Whether calls of one kind wait, as for a slow disk.
#[derive(Debug, Default)]
struct Gate {
    is_closed: Mutex<bool>,
    opened: Condvar,
}

/// While this lives, calls of one kind wait; see [`SimulatedDisk::hold_reads`] and [`SimulatedDisk::hold_syncs`].
#[derive(Debug)]
pub struct Held {
    gate: Arc<Gate>,
}

impl Drop for Held {
    fn drop(&mut self) {
        *lock(&self.gate.is_closed) = false;
        self.gate.opened.notify_all();
    }
}

impl Gate {
    fn close(self: &Arc<Self>) -> Held {
        *lock(&self.is_closed) = true;
        Held { gate: self.clone() }
    }

    fn pass(&self) {
        let mut is_closed = lock(&self.is_closed);
        while *is_closed {
            is_closed = self.opened.wait(is_closed).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// An open file of a simulated disk; it outlives its name, as on Linux.
#[derive(Clone, Debug)]
pub struct SimulatedFile {
    disk: SimulatedDisk,
    content: Arc<Mutex<Content>>,
}

#[derive(Debug)]
struct State {
    /// Names as processes see them.
    names: BTreeMap<PathBuf, Node>,
    /// Names as a power cut would leave them: brought up to date by `sync_directory`.
    durable_names: BTreeMap<PathBuf, Node>,
    /// Bytes that may still be written before the disk is full; `None`: no bound.
    bytes_left: Option<u64>,
    /// Sync calls that still succeed before one fails; `None`: all succeed.
    syncs_left: Option<u64>,
    /// Changes of names that still succeed before all fail; `None`: all succeed.
    name_changes_left: Option<u64>,
    /// Tells files when they were modified.
    clock: Clock,
}

impl Default for State {
    fn default() -> Self {
        Self {
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            bytes_left: None,
            syncs_left: None,
            name_changes_left: None,
            clock: Clock::simulated(0),
        }
    }
}

#[derive(Clone, Debug)]
enum Node {
    Directory,
    File(Arc<Mutex<Content>>),
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// What a power cut leaves at least.
    durable: Vec<u8>,
    modified_ms: i64,
    is_locked: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimulatedDisk {
    /// Cuts the power: names not synced revert, and of each file the synced content stays, plus, as `entropy` draws,
    /// a prefix of what was appended since, whose last bytes may be torn. Locks are gone.
    pub fn crash(&self, entropy: &Entropy) {
        let mut state = lock(&self.state);
        state.names = state.durable_names.clone();
        for node in state.names.values() {
            let Node::File(content) = node else { continue };
            let mut content = lock(content);
            let appended = content.bytes.len().saturating_sub(content.durable.len());
            let is_extension = content.bytes.starts_with(&content.durable);
            let mut after = content.durable.clone();
            if is_extension && appended > 0 {
                let kept = entropy.below(appended as u64 + 1) as usize;
                let start = after.len();
                after.extend_from_slice(&content.bytes[start..start + kept]);
                if kept > 0 && entropy.below(4) == 0 {
                    let torn = entropy.below(kept.min(512) as u64 + 1) as usize;
                    let end = after.len();
                    after[end - torn..].fill(0);
                }
            }
            content.bytes = after.clone();
            content.durable = after;
            content.is_locked = false;
        }
    }

    /// Ends the process that used this disk without cutting the power: only locks are gone.
    pub fn release_locks(&self) {
        for node in lock(&self.state).names.values() {
            if let Node::File(content) = node {
                lock(content).is_locked = false;
            }
        }
    }

    /// Makes the disk so slow that every read blocks its thread, until what this returns is dropped: nothing of it is in
    /// memory.
    pub fn hold_reads(&self) -> Held {
        self.reads.close()
    }

    /// Makes the disk so slow that every sync of a file or directory blocks its thread, until what this returns is
    /// dropped.
    pub fn hold_syncs(&self) -> Held {
        self.syncs.close()
    }

    /// Lets `bytes` more bytes be written, then reports a full disk; `None` lifts the bound.
    pub fn set_bytes_left(&self, bytes: Option<u64>) {
        lock(&self.state).bytes_left = bytes;
    }

    /// Lets `syncs` more syncs succeed, then fails each with an input/output error; `None` lifts the bound.
    pub fn set_syncs_left(&self, syncs: Option<u64>) {
        lock(&self.state).syncs_left = syncs;
    }

    /// Lets `changes` more files or directories be renamed or removed, then fails each with an input/output error; `None`
    /// lifts the bound.
    pub fn set_name_changes_left(&self, changes: Option<u64>) {
        lock(&self.state).name_changes_left = changes;
    }

    /// Sets the time that files written from now on carry.
    pub fn set_now_ms(&self, now_ms: i64) {
        self.set_clock(Clock::simulated(now_ms));
    }

    /// Files written from now on carry the time of this clock.
    pub fn set_clock(&self, clock: Clock) {
        lock(&self.state).clock = clock;
    }

    pub(super) fn open(&self, path: &Path, mode: OpenMode) -> io::Result<SimulatedFile> {
        let mut state = lock(&self.state);
        let content = match (state.names.get(path), mode) {
            (Some(Node::Directory), _) => return Err(io::ErrorKind::IsADirectory.into()),
            (Some(Node::File(_)), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(Node::File(content)), _) => content.clone(),
            (None, OpenMode::Read | OpenMode::ReadWrite) => return Err(io::ErrorKind::NotFound.into()),
            (None, OpenMode::ReadWriteOrCreate | OpenMode::CreateNew) => {
                let parent = path.parent().unwrap_or(Path::new(""));
                if !parent.as_os_str().is_empty() && !matches!(state.names.get(parent), Some(Node::Directory))
                {
                    return Err(io::ErrorKind::NotFound.into());
                }
                let content =
                    Arc::new(Mutex::new(Content { modified_ms: state.clock.now_ms(), ..Content::default() }));
                state.names.insert(path.to_owned(), Node::File(content.clone()));
                content
            }
        };
        Ok(SimulatedFile { disk: self.clone(), content })
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        spend(&mut state.name_changes_left)?;
        let node = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        if let Node::Directory = node {
            let below: Vec<PathBuf> =
                state.names.keys().filter(|path| path.starts_with(from)).cloned().collect();
            for path in below {
                let moved = to.join(path.strip_prefix(from).expect("the filter kept paths below `from`"));
                let node = state.names.remove(&path).expect("the key was just listed");
                state.names.insert(moved, node);
            }
        }
        state.names.insert(to.to_owned(), node);
        Ok(())
    }

    pub(super) fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        spend(&mut state.name_changes_left)?;
        match state.names.get(path) {
            Some(Node::File(_)) => state.names.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into()),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn remove_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        if !matches!(state.names.get(path), Some(Node::Directory)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        spend(&mut state.name_changes_left)?;
        state.names.retain(|name, _| !name.starts_with(path));
        Ok(())
    }

    pub(super) fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        for ancestor in path.ancestors().filter(|ancestor| !ancestor.as_os_str().is_empty()) {
            match state.names.get(ancestor) {
                Some(Node::File(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
                Some(Node::Directory) => break,
                None => drop(state.names.insert(ancestor.to_owned(), Node::Directory)),
            }
        }
        Ok(())
    }

    pub(super) fn read_directory(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let state = lock(&self.state);
        if !matches!(state.names.get(path), Some(Node::Directory)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let entries = state.names.iter().filter(|(name, _)| name.parent() == Some(path));
        let named = entries.filter_map(|(name, node)| {
            let name = name.file_name()?.to_str()?.to_owned();
            Some(DirectoryEntry { name, is_directory: matches!(node, Node::Directory) })
        });
        Ok(named.collect())
    }

    pub(super) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.syncs.pass();
        let mut state = lock(&self.state);
        spend(&mut state.syncs_left)?;
        // A directory that was itself never synced into its parent would vanish with all below it: Linux file systems
        // make a new directory durable with its parent, so callers sync the parent too.
        let gone: Vec<PathBuf> =
            state.durable_names.keys().filter(|name| name.parent() == Some(path)).cloned().collect();
        for name in gone {
            if !state.names.contains_key(&name) {
                state.durable_names.retain(|durable, _| !durable.starts_with(&name));
            }
        }
        let present: Vec<(PathBuf, Node)> = (state.names.iter())
            .filter(|(name, _)| name.parent() == Some(path) || path.starts_with(name))
            .map(|(name, node)| (name.clone(), node.clone()))
            .collect();
        state.durable_names.extend(present);
        Ok(())
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        lock(&self.state).names.contains_key(path)
    }

    /// What is written and what may still be; a disk without bound has room for a tebibyte.
    pub(super) fn space(&self, path: &Path) -> io::Result<VolumeSpace> {
        let state = lock(&self.state);
        if !state.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let lengths = state.names.values().map(|node| match node {
            Node::File(content) => lock(content).bytes.len() as u64,
            Node::Directory => 0,
        });
        let (used, usable) = (lengths.sum::<u64>(), state.bytes_left.unwrap_or(1 << 40));
        Ok(VolumeSpace { total: used.saturating_add(usable), usable })
    }

    pub(super) fn modified_ms(&self, path: &Path) -> io::Result<i64> {
        match lock(&self.state).names.get(path) {
            Some(Node::File(content)) => Ok(lock(content).modified_ms),
            Some(Node::Directory) => Ok(0),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Counts down what still succeeds.
fn spend(left: &mut Option<u64>) -> io::Result<()> {
    match left {
        None => Ok(()),
        Some(0) => Err(io::Error::from_raw_os_error(libc::EIO)),
        Some(left) => {
            *left -= 1;
            Ok(())
        }
    }
}

impl SimulatedFile {
    pub(super) fn append(&self, slices: &mut [IoSlice<'_>], position: u64) -> io::Result<()> {
        let mut state = lock(&self.disk.state);
        let mut content = lock(&self.content);
        let mut position = usize::try_from(position).map_err(io::Error::other)?;
        content.modified_ms = state.clock.now_ms();
        for slice in slices.iter() {
            let room = state.bytes_left.map_or(slice.len(), |left| slice.len().min(left as usize));
            if content.bytes.len() < position + room {
                content.bytes.resize(position + room, 0);
            }
            content.bytes[position..position + room].copy_from_slice(&slice[..room]);
            position += room;
            if let Some(left) = &mut state.bytes_left {
                *left -= room as u64;
            }
            if room < slice.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        Ok(())
    }

    pub(super) fn holds(&self) -> bool {
        !*lock(&self.disk.reads.is_closed)
    }

    pub(super) fn fill(&self) -> io::Result<()> {
        self.disk.reads.pass();
        Ok(())
    }

    pub(super) fn read_held(&self, buffer: &mut [u8], position: u64) -> io::Result<bool> {
        Ok(self.holds() && self.read_at(buffer, position)? == buffer.len())
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.disk.reads.pass();
        let content = lock(&self.content);
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(content.bytes.len());
        let length = buffer.len().min(content.bytes.len() - start);
        buffer[..length].copy_from_slice(&content.bytes[start..start + length]);
        Ok(length)
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(lock(&self.content).bytes.len() as u64)
    }

    pub(super) fn set_len(&self, length: u64) -> io::Result<()> {
        lock(&self.content).bytes.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.disk.syncs.pass();
        spend(&mut lock(&self.disk.state).syncs_left)?;
        let mut content = lock(&self.content);
        content.durable = content.bytes.clone();
        Ok(())
    }

    pub(super) fn set_modified_ms(&self, at_ms: i64) -> io::Result<()> {
        lock(&self.content).modified_ms = at_ms;
        Ok(())
    }

    pub(super) fn try_lock(&self) -> io::Result<bool> {
        let mut content = lock(&self.content);
        Ok(!std::mem::replace(&mut content.is_locked, true))
    }
}
