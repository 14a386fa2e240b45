//! One file per Kafka API: translation between wire and domain.
