//! Where work goes that may block for long: syncing files, recovering logs.

use tokio::task::JoinHandle;

/// Runs blocking work away from the tasks that serve the network; a simulation runs it in line, in a fixed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// On the runtime's pool of threads for blocking work.
    Threads,
    /// As a task of the runtime itself, which a simulation drives alone.
    Inline,
}

impl Blocking {
    /// Starts `work`. It runs to its end even if the handle is dropped. Must be called within a runtime.
    pub fn spawn<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        match self {
            #[allow(clippy::disallowed_methods, reason = "this is the port")]
            Self::Threads => tokio::task::spawn_blocking(work),
            Self::Inline => tokio::spawn(async move { work() }),
        }
    }

    /// Runs `work` and waits for it.
    ///
    /// # Panics
    /// When `work` panics.
    pub async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match self.spawn(work).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
