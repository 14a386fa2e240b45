"""Transactions of kafka-python: a producer that is told its steps, and a copier."""

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition, errors
from library import error_fields, membership
from speech import asked_to_leave, bytes_of, orders, report, steps

SECONDS = 30


def producer(told):
    return KafkaProducer(bootstrap_servers=told["bootstrap"], transactional_id=told["id"],
                         transaction_timeout_ms=told["timeout_ms"])


def transact(told):
    sending = producer(told)
    for number, step in steps():
        try:
            report(step=number, answer=STEPS[step["do"]](sending, step))
        except errors.KafkaError as refused:
            report(step=number, **error_fields(refused))
    sending.close()


def send(sending, step):
    return delivered(sending, step["topic"], [(each["partition"], bytes_of(each["value"])) for each in step["records"]])


def delivered(sending, topic, records):
    """Sends values to partitions and returns their offsets once all are acknowledged."""
    sent = [sending.send(topic, value, partition=partition) for partition, value in records]
    sending.flush(timeout=SECONDS)
    return [each.get(timeout=SECONDS).offset for each in sent]


def offsets(sending, step):
    places = {TopicPartition(topic, partition): OffsetAndMetadata(at, "", -1) for topic, partition, at in step["offsets"]}
    sending.send_offsets_to_transaction(places, step["group"])


STEPS = {
    "init": lambda sending, _: sending.init_transactions(),
    "begin": lambda sending, _: sending.begin_transaction(),
    "send": send,
    "offsets": offsets,
    "commit": lambda sending, _: sending.commit_transaction(),
    "abort": lambda sending, _: sending.abort_transaction(),
}


def copy(told):
    sending = producer(told)
    sending.init_transactions()
    consumer = KafkaConsumer(isolation_level="read_committed", max_poll_records=told["batch"], **membership(told))
    consumer.subscribe([told["source"]])
    lines, transactions = orders(), 0
    while not asked_to_leave(lines):
        # As long as a member's poll (program.py), for the same reason.
        batches = consumer.poll(timeout_ms=1000)
        if not batches:
            continue
        transactions += 1
        count = sum(map(len, batches.values()))
        try:
            sending.begin_transaction()
            delivered(sending, told["target"], [(each.partition, each.value) for batch in batches.values() for each in batch])
            ends = {place: OffsetAndMetadata(batch[-1].offset + 1, "", -1) for place, batch in batches.items()}
            sending.send_offsets_to_transaction(ends, consumer.group_metadata())
            if transactions == told["hang"]:
                report(open=count)
                lines.get()
            if told["abort"] and transactions % told["abort"] == 0:
                sending.abort_transaction()
                rewind(consumer, batches)
                report(aborted=count)
            else:
                sending.commit_transaction()
                report(copied=count)
        except errors.KafkaError as refused:
            report(**error_fields(refused))
            sending.abort_transaction()
            rewind(consumer, batches)
    consumer.close()
    sending.close()
    report(left=True)


def rewind(consumer, batches):
    for place, batch in batches.items():
        consumer.seek(place, batch[0].offset)
