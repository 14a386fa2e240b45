//! Kafka's record batches on the wire and on disk: parse, validate, build, compress.
