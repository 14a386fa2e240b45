//! A clean stop.

use types::BrokerEpoch;

use super::LogDirs;

impl LogDirs {
    /// Closes every log, writes the checkpoints and marks each directory as closed cleanly. A directory whose logs or
    /// checkpoints fail stays unmarked, so that the next start recovers it; the others are not touched by that.
    /// `all_opened` tells whether every log found at the start was opened: a directory that was not closed cleanly
    /// before, and whose recovery was cut short, stays unclean.
    pub fn close(&self, epoch: BrokerEpoch, all_opened: bool) {
        for (index, directory) in self.directories.iter().enumerate() {
            let mut is_clean = all_opened || self.was_clean(index);
            for (partition, log) in self.in_directory(index) {
                if let Err(error) = log.close() {
                    tracing::error!(%partition, %error, "log not closed, it will be recovered at the next start");
                    is_clean = false;
                }
            }
            if !is_clean {
                continue;
            }
            let written = self
                .checkpoint_recovery_points()
                .and_then(|()| self.checkpoint_log_starts())
                .and_then(|()| self.checkpoint_high_watermarks())
                .and_then(|()| self.checkpoint_first_dirty());
            if let Err(error) = written {
                tracing::error!(%error, "checkpoints not written, logs will be recovered at the next start");
                continue;
            }
            if let Err(error) = directory.mark_clean_shutdown(epoch) {
                let path = directory.path().display();
                tracing::error!(%path, %error, "clean stop not marked, logs will be recovered at the next start");
            }
        }
    }
}
