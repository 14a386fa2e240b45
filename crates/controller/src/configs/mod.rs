//! Dynamic settings of topics, brokers and groups.

mod alter;
mod broker_settings;
mod incremental_alter;

pub use alter::ResourceSettings;
pub(crate) use incremental_alter::check_value_sizes;
pub use incremental_alter::{AlterOutcome, ConfigChange, ConfigOperation, ResourceChanges};
