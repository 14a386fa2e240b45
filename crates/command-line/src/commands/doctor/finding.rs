//! What a check has found.

use crate::output::Value;

/// What a check says of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The check.
    pub(super) check: &'static str,
    /// How bad it is.
    pub(super) state: State,
    /// What was found.
    pub(super) text: String,
    /// Names and numbers that show it.
    pub(super) evidence: Vec<String>,
    /// The command that helps, or what to do.
    pub(super) help: Option<String>,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// As it should be.
    Fine,
    /// It could not be looked at, or does not concern this cluster.
    Skipped,
    /// It works, and may not for long.
    Warning,
    /// It does not work.
    Problem,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Finding {
    pub(super) fn new(check: &'static str, state: State, text: impl Into<String>) -> Self {
        Self { check, state, text: text.into(), evidence: Vec::new(), help: None }
    }

    pub(super) fn seen(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// For programs.
    pub(super) fn item(&self) -> Value {
        Value::object([
            ("name", self.check.into()),
            ("state", self.state.name().into()),
            ("finding", self.text.as_str().into()),
            ("evidence", Value::list(self.evidence.iter().map(String::as_str))),
            ("help", self.help.as_deref().into()),
        ])
    }

    /// For people.
    pub(super) fn in_words(&self) -> String {
        let mut lines = vec![format!("{:<8} {:<12} {}", self.state.name(), self.check, self.text)];
        lines.extend(self.evidence.iter().map(|seen| format!("{:22}seen: {seen}", "")));
        lines.extend(self.help.iter().map(|help| format!("{:22}help: {help}", "")));
        lines.join("\n")
    }
}
