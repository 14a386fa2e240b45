//! Dynamic settings of topics and brokers.

mod incremental_alter;

pub(crate) use incremental_alter::check_value_sizes;
pub use incremental_alter::{AlterOutcome, ConfigChange, ConfigOperation, ResourceChanges};
