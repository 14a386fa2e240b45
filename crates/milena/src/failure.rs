//! Why a command failed, as a person reads it on stderr: `error[code]: what failed, with the value seen and the way out`.

use std::fmt;
use std::process::ExitCode;

/// The end of a command that could not be done.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Stable, for scripts and searches.
    code: &'static str,
    message: String,
    kind: FailureKind,
}

#[derive(Clone, Copy, Debug)]
enum FailureKind {
    /// The command line or the settings must change.
    Usage,
    /// The world must change.
    Runtime,
}

impl Failure {
    pub(crate) fn usage(code: &'static str, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string(), kind: FailureKind::Usage }
    }

    pub(crate) fn runtime(code: &'static str, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string(), kind: FailureKind::Runtime }
    }

    /// Says first what it kept from being done.
    pub(crate) fn about(self, subject: impl fmt::Display) -> Self {
        Self { message: format!("{subject}: {}", self.message), ..self }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            FailureKind::Usage => ExitCode::from(2),
            FailureKind::Runtime => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)
    }
}
