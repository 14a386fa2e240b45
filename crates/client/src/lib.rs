//! Kafka clients: producer, consumer and admin, over the wire like everybody else.
