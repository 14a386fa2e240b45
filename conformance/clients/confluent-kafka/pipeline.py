"""Instances, a thread each, that copy a topic in transactions, offsets and all, until they are told to leave."""

import os
import threading

from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, Consumer, KafkaException, Producer, TopicPartition
from library import error_fields
from speech import orders, report

SECONDS = 60


def pipeline(told):
    asked = threading.Event()
    instances = [Instance(told, number, asked) for number in range(told["instances"])]
    for instance in instances:
        instance.thread.start()
    lines = orders()
    while lines.get() != "leave":
        pass
    asked.set()
    for instance in instances:
        instance.thread.join()
    report(left=True)


class Instance:
    """One transactional producer and one member of the group."""

    def __init__(self, told, number, asked):
        self.told, self.asked = told, asked
        self.id = f"{told['transactional_id']}-{number}"
        self.made, self.begun = 0, 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        """A producer that failed for good is followed by another one, which finds out how the last transaction ended."""
        while not self.asked.is_set():
            self.made += 1
            self.producer = Producer({
                "bootstrap.servers": self.told["bootstrap"],
                "transactional.id": self.id,
                "transaction.timeout.ms": self.told["timeout_ms"],
                "reconnect.backoff.max.ms": 200,
            })
            self.consumer = Consumer(self.consumer_settings())
            try:
                persistently(self.producer.init_transactions, SECONDS)
                report(instance=self.id, made=self.made)
                self.consumer.subscribe([self.told["input"]])
                while not self.asked.is_set():
                    messages = self.consumer.consume(self.told["records"], 0.1)
                    records = [message for message in messages if not message.error()]
                    if records:
                        self.transaction(records)
            except KafkaException as failure:
                self.report(failure)
            finally:
                self.consumer.close()

    def transaction(self, records):
        self.begun += 1
        doomed = self.begun % self.told["abort_every"] == 0
        try:
            self.producer.begin_transaction()
            self.write(records, doomed)
            if doomed:
                self.producer.flush(SECONDS)
            ends = {(record.topic(), record.partition()): record.offset() + 1 for record in records}
            offsets = [TopicPartition(*place, end) for place, end in ends.items()]
            persistently(self.producer.send_offsets_to_transaction, offsets, self.consumer.consumer_group_metadata(), SECONDS)
            if not doomed:
                return persistently(self.producer.commit_transaction, SECONDS)
        except KafkaException as failure:
            if not failure.args[0].txn_requires_abort():
                raise
            self.report(failure)
        persistently(self.producer.abort_transaction, SECONDS)
        self.rewind()

    def write(self, records, doomed):
        name = f"{self.id}.{os.getpid()}.{self.begun}"
        word = "doomed" if doomed else "meant"
        for index, record in enumerate(records):
            place = f"{record.partition()} {record.offset()} {record.value().decode()}"
            value = f"{name} {index} {len(records)} {word} {place}"
            self.producer.produce(self.told["output"], value, partition=index % self.told["partitions"])

    def rewind(self):
        """What was read in an aborted transaction is read again."""
        for place in self.consumer.committed(self.consumer.assignment(), SECONDS):
            place.offset = OFFSET_BEGINNING if place.offset == OFFSET_INVALID else place.offset
            self.consumer.seek(place)

    def report(self, failure):
        report(instance=self.id, **error_fields(failure.args[0]))

    def consumer_settings(self):
        settings = {
            "bootstrap.servers": self.told["bootstrap"],
            "group.id": self.told["group"],
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            "reconnect.backoff.max.ms": 200,
        }
        by_server = {"group.protocol": "consumer"}
        times = {"session.timeout.ms": self.told["session_ms"], "heartbeat.interval.ms": self.told["heartbeat_ms"]}
        return {**settings, **(by_server if self.told["strategy"] == "server" else times)}


def persistently(call, *arguments):
    """Calls again while the error says that calling again may help."""
    while True:
        try:
            return call(*arguments)
        except KafkaException as failure:
            if not failure.args[0].retriable():
                raise
