//! Why a command failed, as a person reads it on stderr: `error[code]: what failed, with the value seen and the way out`.

use std::process::ExitCode;
use std::{fmt, io};

/// The end of a command that could not be done.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Stable, for scripts and searches.
    code: &'static str,
    message: String,
    class: FailureClass,
    /// What else failed in the same command.
    others: Vec<Failure>,
}

/// What kind of failure it is: the process's exit code. docs/commands.md describes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureClass {
    /// None: nobody reads the output any more.
    ReaderGone = 0,
    /// Something on this machine, or nothing of the below.
    Failed = 1,
    /// The command line or the settings must change.
    Usage = 2,
    /// What was named does not exist.
    NotFound = 3,
    /// The cluster was asked and said no.
    Refused = 4,
    /// The cluster was asked and does not allow it to this principal.
    Denied = 5,
    /// The cluster was not reached: nothing was done.
    Unreachable = 6,
    /// No answer came: whether it was done is not known.
    Unanswered = 7,
    /// The cluster does not serve what was asked for.
    Unsupported = 8,
}

impl Failure {
    pub(crate) fn new(class: FailureClass, code: &'static str, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string(), class, others: Vec::new() }
    }

    pub(crate) fn usage(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(FailureClass::Usage, code, message)
    }

    pub(crate) fn runtime(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(FailureClass::Failed, code, message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(FailureClass::NotFound, code, message)
    }

    /// The output could not be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        let class = match error.kind() {
            io::ErrorKind::BrokenPipe => FailureClass::ReaderGone,
            _ => FailureClass::Failed,
        };
        Self::new(class, "output", format!("cannot write the output: {error}"))
    }

    /// Says first what it kept from being done.
    pub(crate) fn about(self, subject: impl fmt::Display) -> Self {
        Self { message: format!("{subject}: {}", self.message), ..self }
    }

    /// A failure for all of these, of the first one's class; none where there are none.
    pub(crate) fn of_all(failures: impl IntoIterator<Item = Failure>) -> Result<(), Self> {
        let mut failures = failures.into_iter();
        match failures.next() {
            None => Ok(()),
            Some(first) => Err(Self { others: failures.collect(), ..first }),
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.class == FailureClass::NotFound
    }

    pub(crate) fn is_of_gone_reader(&self) -> bool {
        self.class == FailureClass::ReaderGone
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.class as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        self.others.iter().try_for_each(|other| write!(f, "\n{other}"))
    }
}
