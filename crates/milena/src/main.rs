//! The `milena` binary.

use std::process::ExitCode;

/// musl's own allocator is slow under many threads; with this one the static binary is as fast as any.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command_line::run()
}
