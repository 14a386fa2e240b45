//! The file of `--ready-file`: it appears, whole, when clients can connect.

use std::io;
use std::path::{Path, PathBuf};

/// Removes what an earlier node left at `path`, so that nobody takes this one for ready too early.
///
/// # Errors
/// When something is there that cannot be removed, or there is no directory to write to.
pub fn clear(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    directory.map_or(Ok(()), |directory| std::fs::metadata(directory).map(drop))?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes `bootstrap` (host:port) as the first line. Whoever polls for the file never sees half of it.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, bootstrap: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    std::fs::write(&temporary, format!("{bootstrap}\n"))?;
    std::fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_bootstrap_address() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("ready");
        write(&path, "127.0.0.1:1").expect("written");
        write(&path, "127.0.0.1:2").expect("written again");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "127.0.0.1:2\n");
        clear(&path).expect("removed");
        clear(&path).expect("nothing to remove is fine");
        assert!(!path.exists());
    }
}
