"""Transactions that no coordinator will end, and a node that lets them be made."""

from harness import kafka, processes

# Since KIP-890 brokers ask the coordinator about what is written.
OVERRIDES = {"transaction.partition.verification.enable": "false"}


def hang(node, topic, partition, producer_id):
    """Opens a transaction of two records that no coordinator knows of; returns the offset where it begins."""
    arguments = ("127.0.0.1", node.port, topic, partition, producer_id)
    return int(processes.run(kafka.java("wire.Hanging", *arguments, classes=kafka.compiled("wire"))))
