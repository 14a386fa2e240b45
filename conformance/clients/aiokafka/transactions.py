"""Transactions of aiokafka: a producer that is told its steps, and a copier."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, errors
from library import error_fields, membership
from speech import asked_to_leave, bytes_of, orders, report, steps


def producer(told):
    return AIOKafkaProducer(bootstrap_servers=told["bootstrap"], transactional_id=told["id"],
                            transaction_timeout_ms=told["timeout_ms"])


async def transact(told):
    sending, further = producer(told), steps()
    while True:
        number, step = await asyncio.to_thread(next, further, (None, None))
        if step is None:
            break
        try:
            report(step=number, answer=await STEPS[step["do"]](sending, step))
        except errors.KafkaError as refused:
            report(step=number, **error_fields(refused))
    await sending.stop()


async def init(sending, step):
    await sending.start()


async def begin(sending, step):
    await sending.begin_transaction()


async def send(sending, step):
    records = [(each["partition"], bytes_of(each["value"])) for each in step["records"]]
    return await delivered(sending, step["topic"], records)


async def delivered(sending, topic, records):
    """Sends values to partitions and returns their offsets once all are acknowledged."""
    sent = [await sending.send(topic, value, partition=partition) for partition, value in records]
    return [(await each).offset for each in sent]


async def offsets(sending, step):
    places = {TopicPartition(topic, partition): offset for topic, partition, offset in step["offsets"]}
    await sending.send_offsets_to_transaction(places, step["group"])


async def commit(sending, step):
    await sending.commit_transaction()


async def abort(sending, step):
    await sending.abort_transaction()


STEPS = {step.__name__: step for step in (init, begin, send, offsets, commit, abort)}


async def copy(told):
    sending = producer(told)
    await sending.start()
    consumer = AIOKafkaConsumer(told["source"], isolation_level="read_committed", **membership(told))
    await consumer.start()
    lines, transactions = orders(), 0
    while not asked_to_leave(lines):
        batches = await consumer.getmany(timeout_ms=100, max_records=told["batch"])
        if not batches:
            continue
        transactions += 1
        try:
            report(**{await copied(sending, told, batches, transactions): sum(map(len, batches.values()))})
        except errors.KafkaError as refused:
            report(**error_fields(refused))
            await sending.abort_transaction()
            rewind(consumer, batches)
        else:
            if told["abort"] and transactions % told["abort"] == 0:
                rewind(consumer, batches)
    await consumer.stop()
    await sending.stop()
    report(left=True)


async def copied(sending, told, batches, transaction):
    """One transaction; what became of it."""
    await sending.begin_transaction()
    await delivered(sending, told["target"], [(each.partition, each.value) for batch in batches.values() for each in batch])
    ends = {place: batch[-1].offset + 1 for place, batch in batches.items()}
    await sending.send_offsets_to_transaction(ends, told["group"])
    if transaction == told["hang"]:
        report(open=sum(map(len, batches.values())))
        await asyncio.Event().wait()
    if told["abort"] and transaction % told["abort"] == 0:
        await sending.abort_transaction()
        return "aborted"
    await sending.commit_transaction()
    return "copied"


def rewind(consumer, batches):
    for place, batch in batches.items():
        consumer.seek(place, batch[0].offset)
