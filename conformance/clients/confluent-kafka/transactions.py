"""Transactions of confluent-kafka: a producer that is told its steps, and a copier."""

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from library import error_fields, member_settings
from speech import asked_to_leave, bytes_of, orders, report, steps

SECONDS = 30


def producer(told):
    return Producer({
        "bootstrap.servers": told["bootstrap"],
        "transactional.id": told["id"],
        "transaction.timeout.ms": told["timeout_ms"],
        "linger.ms": 0,
    })


def transact(told):
    sending = producer(told)
    for number, step in steps():
        try:
            report(step=number, answer=STEPS[step["do"]](sending, step, told))
        except KafkaException as refused:
            report(step=number, **error_fields(refused.args[0]))


def send(sending, step, told):
    return delivered(sending, step["topic"], [(each["partition"], bytes_of(each["value"])) for each in step["records"]])


def delivered(sending, topic, records):
    """Sends values to partitions and returns their offsets once all are acknowledged; the first error is raised."""
    found, failed = {}, []

    def told_of(number):
        def tell(error, message):
            failed.append(error) if error is not None else found.update({number: message.offset()})
        return tell

    for number, (partition, value) in enumerate(records):
        sending.produce(topic, value, partition=partition, on_delivery=told_of(number))
    sending.flush(SECONDS)
    if failed:
        raise KafkaException(failed[0])
    return [found[number] for number in range(len(records))]


def offsets(sending, step, told):
    places = [TopicPartition(*each) for each in step["offsets"]]
    group = Consumer({"bootstrap.servers": told["bootstrap"], "group.id": step["group"]})
    sending.send_offsets_to_transaction(places, group.consumer_group_metadata(), SECONDS)
    group.close()


STEPS = {
    "init": lambda sending, *_: sending.init_transactions(SECONDS),
    "begin": lambda sending, *_: sending.begin_transaction(),
    "send": send,
    "offsets": offsets,
    "commit": lambda sending, *_: sending.commit_transaction(SECONDS),
    "abort": lambda sending, *_: sending.abort_transaction(SECONDS),
}


def copy(told):
    sending = producer(told)
    sending.init_transactions(SECONDS)
    consumer = Consumer({**member_settings(told), "isolation.level": "read_committed"})
    consumer.subscribe([told["source"]])
    lines, transactions = orders(), 0
    while not asked_to_leave(lines):
        messages = consumer.consume(told["batch"], 0.1)
        for error in (message.error() for message in messages if message.error()):
            report(**error_fields(error))
        messages = [message for message in messages if not message.error()]
        if not messages:
            continue
        transactions += 1
        try:
            sending.begin_transaction()
            delivered(sending, told["target"], [(each.partition(), each.value()) for each in messages])
            ends = {each.partition(): each.offset() + 1 for each in messages}
            places = [TopicPartition(told["source"], *end) for end in ends.items()]
            sending.send_offsets_to_transaction(places, consumer.consumer_group_metadata(), SECONDS)
            if transactions == told["hang"]:
                report(open=len(messages))
                lines.get()
            if told["abort"] and transactions % told["abort"] == 0:
                sending.abort_transaction(SECONDS)
                rewind(consumer)
                report(aborted=len(messages))
            else:
                sending.commit_transaction(SECONDS)
                report(copied=len(messages))
        except KafkaException as refused:
            report(**error_fields(refused.args[0]))
            sending.abort_transaction(SECONDS)
            rewind(consumer)
    consumer.close()
    report(left=True)


def rewind(consumer):
    """Reads again from what is committed."""
    for place in consumer.committed(consumer.assignment(), SECONDS):
        place.offset = place.offset if place.offset >= 0 else OFFSET_BEGINNING
        consumer.seek(place)
