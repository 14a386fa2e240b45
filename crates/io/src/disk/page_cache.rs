//! Whether a range of a file is in memory, and bringing it there.
//!
//! What runs on a thread that serves the network must not wait for a disk. It asks here first: `cachestat` (Linux 6.5)
//! counts the pages of a range that the page cache holds; where the system does not know it, the range counts as held
//! when its first and its last byte can be read without waiting.
//!
//! The only unsafe code of the house: nobody wraps `cachestat` yet.
#![allow(unsafe_code, reason = "a system call that no library wraps")]

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{Advice, fadvise};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

/// The call's number, the same on every architecture that Linux took it up on.
const CACHESTAT: libc::c_long = 451;

/// Bytes read at once while a range is brought into memory.
const READ_STEP: usize = 64 * 1024;

/// `struct cachestat_range`.
#[repr(C)]
struct Range {
    position: u64,
    length: u64,
}

/// `struct cachestat`: counts of pages.
#[repr(C)]
#[derive(Default)]
struct Counts {
    cached: u64,
    dirty: u64,
    in_writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// Whether all of a range is in memory.
pub(super) fn holds(file: &File, position: u64, length: usize) -> bool {
    let Some(last) = (length as u64).checked_sub(1).map(|length| position + length) else { return true };
    match cached_pages(file, position, length as u64) {
        Some(cached) => {
            let page = rustix::param::page_size() as u64;
            cached > last / page - position / page
        }
        None => {
            let mut byte = [0];
            [position, last].into_iter().all(|at| read_held(file, &mut byte, at).is_ok_and(|is_held| is_held))
        }
    }
}

fn cached_pages(file: &File, position: u64, length: u64) -> Option<u64> {
    let range = Range { position, length };
    let mut counts = Counts::default();
    // SAFETY: both pointers are to values of the layout the call asks for, alive until it returns; it reads the one
    // and writes the other. The descriptor is open for as long as `file` is borrowed.
    let result = unsafe { libc::syscall(CACHESTAT, file.as_raw_fd(), &raw const range, &raw mut counts, 0) };
    (result == 0).then_some(counts.cached)
}

/// Fills the buffer if that needs no waiting for the disk. `false`: it does, or the file ends before; what the buffer
/// holds is then not to be used. Where the file system cannot tell, this reads and waits.
pub(super) fn read_held(file: &File, buffer: &mut [u8], position: u64) -> io::Result<bool> {
    loop {
        let mut slices = [io::IoSliceMut::new(buffer)];
        match preadv2(file, &mut slices, position, ReadWriteFlags::NOWAIT) {
            Ok(read) => return Ok(read == buffer.len()),
            Err(Errno::AGAIN) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                return Ok(file.read_at(buffer, position)? == buffer.len());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Brings a range into memory and waits until it is there: all of it is asked for at once, then read through.
pub(super) fn fill(file: &File, position: u64, length: usize) -> io::Result<()> {
    // Only advice: where it is refused, the reads below do without.
    let _ = fadvise(file, position, NonZeroU64::new(length as u64), Advice::WillNeed);
    let mut scratch = vec![0; length.min(READ_STEP)];
    let mut done = 0;
    while done < length {
        let step = scratch.len().min(length - done);
        match file.read_at(&mut scratch[..step], position + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LENGTH: usize = 300_000;

    /// A file on disk whose pages the system was asked to drop.
    fn dropped() -> File {
        let mut file = tempfile::tempfile().expect("a temporary file can be made");
        file.write_all(&vec![7; LENGTH]).expect("written");
        file.sync_all().expect("synced");
        fadvise(&file, 0, None, Advice::DontNeed).expect("taken");
        file
    }

    #[test]
    fn what_was_just_written_is_in_memory() {
        let mut file = tempfile::tempfile().expect("a temporary file can be made");
        file.write_all(&vec![7; LENGTH]).expect("written");
        assert!(holds(&file, 0, LENGTH));
        assert!(holds(&file, 4_095, 2), "two bytes on two pages");
        assert!(holds(&file, 5, 0));
        let mut read = vec![0; LENGTH];
        assert!(read_held(&file, &mut read, 0).expect("read"));
        assert!(read.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn a_range_beyond_the_end_is_not_in_memory() {
        let mut file = tempfile::tempfile().expect("a temporary file can be made");
        file.write_all(&[7; 5_000]).expect("written");
        assert!(!holds(&file, 0, 100_000));
        assert!(!read_held(&file, &mut [0; 10], 4_995).expect("read"));
        fill(&file, 0, 100_000).expect("the end of the file is no error");
    }

    #[test]
    fn what_was_dropped_is_in_memory_once_it_was_filled() {
        let file = dropped();
        // A file system in memory drops nothing; then there is nothing to bring back either.
        let was_held = holds(&file, 0, LENGTH);
        assert_eq!(was_held, read_held(&file, &mut vec![0; LENGTH], 0).expect("read"));
        fill(&file, 0, LENGTH).expect("read");
        assert!(holds(&file, 0, LENGTH));
        assert!(read_held(&file, &mut vec![0; LENGTH], 0).expect("read"));
    }
}
