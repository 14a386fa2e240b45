//! `cargo xtask dist`: what is shipped, in `target/dist`: one static program, and two ways to install it.
//!
//! | file | what |
//! |---|---|
//! | `milena` | the program, linked with musl: it runs on any Linux of its processor |
//! | `milena_VERSION_amd64.deb` | Debian and its relatives: program, settings, a hardened unit for systemd |
//! | `oci/` | an image from scratch as a directory of the OCI image layout: one layer, `KAFKA_…` as in the official image |
//! | `milena-oci.tar` | the same as one file, for `podman load` or `skopeo copy oci-archive:…` |
//!
//! The same sources give the same bytes: no file holds a time but that of `SOURCE_DATE_EPOCH` (where it is not set, of the last
//! commit), a name of this machine or a path on it.
//!
//! Needed: the target's standard library (`rustup target add x86_64-unknown-linux-musl`, which is done here where rustup is)
//! and `musl-gcc` (Debian's `musl-tools`) for the two libraries in C, zstd and mimalloc. Both are linked in statically, nothing of
//! the machine is. Tried and not needed: `cargo-zigbuild`, which brings a compiler of its own from PyPI and would be
//! the way to other processors.

mod archive;
mod build;
mod deb;
mod oci;
mod tar;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::command::root;

/// What to make.
#[derive(Args)]
pub struct Options {
    /// The profile of cargo; what ships is made with release.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Package this program instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where to [default: target/dist].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What both packages are made of.
pub struct Release {
    /// The version of the workspace.
    pub version: String,
    /// The program.
    pub binary: Vec<u8>,
    /// Seconds since 1970 that every file bears.
    pub epoch: u64,
}

impl Release {
    /// A file of `packaging/`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn packaging(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        read(&root().join("packaging").join(name))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { profile: "release".to_owned(), binary: None, out: None }
    }
}

/// Builds the program, packages it and says where the program is.
///
/// # Errors
/// When the build fails, or a file cannot be read or written.
pub fn run(options: &Options) -> anyhow::Result<PathBuf> {
    let out = options.out.clone().unwrap_or_else(|| build::target_directory().join("dist"));
    let binary = match &options.binary {
        Some(path) => path.clone(),
        None => build::binary(&options.profile)?,
    };
    let release = Release {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        binary: read(&binary)?,
        epoch: build::epoch()?,
    };
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| out.display().to_string())?;
    }
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let program = out.join("milena");
    fs::copy(&binary, &program).with_context(|| program.display().to_string())?;
    let package = out.join(format!("milena_{}_{}.deb", release.version, deb::ARCHITECTURE));
    fs::write(&package, deb::package(&release)?).with_context(|| package.display().to_string())?;
    let image = oci::image(&release)?;
    for (name, content) in &image {
        let path = out.join("oci").join(name);
        fs::create_dir_all(path.parent().expect("it is in a directory"))?;
        fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    let archive = out.join("milena-oci.tar");
    fs::write(&archive, oci::archive(&image, release.epoch))
        .with_context(|| archive.display().to_string())?;
    for path in [&program, &package, &archive] {
        println!("{} ({} bytes)", path.display(), fs::metadata(path)?.len());
    }
    Ok(program)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}
