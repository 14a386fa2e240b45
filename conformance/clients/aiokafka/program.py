"""aiokafka: the scenarios' verbs (../README.md)."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition, errors
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from library import error_fields, membership
from speech import asked_to_leave, orders, parameters, records_of, report, report_record
from transactions import copy, transact

FENCED_INSTANCE_ID = 82


async def produce(told):
    for number, run in enumerate(told["runs"]):
        producer = AIOKafkaProducer(
            bootstrap_servers=told["bootstrap"],
            compression_type=None if run["codec"] == "none" else run["codec"],
            acks=run["acks"] if run["acks"] == "all" else int(run["acks"]),
            enable_idempotence=run["idempotent"],
            max_request_size=run.get("largest") or 1 << 20,
            linger_ms=5,
        )
        await producer.start()
        sent = [await send(producer, run["topic"], record) for record in records_of(run)]
        await producer.flush()
        done = 0
        for index, delivery in enumerate(sent):
            done += await tell(number, index, delivery, each=not run.get("values"))
        await producer.stop()
        report(run=number, done=done)


async def send(producer, topic, record):
    """A future, or the error of the library itself."""
    fields = {"key": record["key"], "value": record["value"], "timestamp_ms": record["timestamp"]}
    try:
        return await producer.send(topic, partition=record["partition"], headers=record["headers"], **fields)
    except errors.KafkaError as refused:
        return refused


async def tell(run, index, delivery, each):
    """Reports what became of a record and returns whether it was delivered."""
    try:
        if isinstance(delivery, errors.KafkaError):
            raise delivery
        metadata = await delivery
    except errors.KafkaError as failed:
        report(run=run, failed=index, **error_fields(failed))
        return False
    if each:
        # With acks=0 nothing is told of the record.
        place = (None, None) if metadata is None else (metadata.partition, metadata.offset)
        report(run=run, produced=index, partition=place[0], offset=place[1])
    return True


async def consume(told):
    for number, run in enumerate(told["runs"]):
        consumer = AIOKafkaConsumer(bootstrap_servers=told["bootstrap"], group_id=None, auto_offset_reset="none",
                                    isolation_level=run["isolation"])
        await consumer.start()
        try:
            await read(consumer, number, run)
        except errors.KafkaError as refused:
            report(run=number, **error_fields(refused))
        await consumer.stop()


async def read(consumer, number, run):
    partitions = [TopicPartition(run["topic"], partition) for partition in run["partitions"]]
    consumer.assign(partitions)
    start = run["from"]
    if start == "beginning":
        offsets = await consumer.beginning_offsets(partitions)
    elif start == "end":
        offsets = await consumer.end_offsets(partitions)
    elif "offset" in start:
        offsets = {each: start["offset"] for each in partitions}
    else:
        found = await consumer.offsets_for_times({each: start["time"] for each in partitions})
        offsets = {each: at.offset for each, at in found.items()}
    for each, offset in offsets.items():
        consumer.seek(each, offset)
    report(run=number, positioned=True)
    for _ in range(run["count"]):
        report_message(await consumer.getone(), run=number)


def report_message(record, **more):
    report_record(record.partition, record.offset, record.timestamp, record.key, record.value, record.headers, **more)


class Owned(ConsumerRebalanceListener):
    """Reports all that the member owns whenever it changes; this library knows eager strategies only."""

    def on_partitions_assigned(self, assigned):
        report(assigned=sorted([each.topic, each.partition] for each in assigned))

    def on_partitions_revoked(self, revoked):
        report(assigned=[])


async def member(told):
    consumer = AIOKafkaConsumer(**membership(told))
    consumer.subscribe(told["topics"], listener=Owned())
    await consumer.start()
    lines = orders()
    while not asked_to_leave(lines):
        try:
            await work(consumer, await consumer.getmany(timeout_ms=100), told["commit"])
        except errors.KafkaError as failure:
            report(**error_fields(failure))
            if getattr(failure, "errno", None) == FENCED_INSTANCE_ID:
                break
    await consumer.stop()
    report(left=True)


async def work(consumer, batches, commit):
    for records in batches.values():
        for record in records:
            report_message(record)
    if not batches or not commit:
        return
    ends = {place: records[-1].offset + 1 for place, records in batches.items()}
    await consumer.commit(ends)
    report(committed=[[place.topic, place.partition, end] for place, end in ends.items()])


async def admin(told):
    client = AIOKafkaAdminClient(bootstrap_servers=told["bootstrap"])
    await client.start()
    for number, step in enumerate(told["steps"]):
        try:
            report(step=number, answer=await STEPS[step["do"]](client, step))
        except errors.KafkaError as refused:
            report(step=number, **error_fields(refused))
    await client.close()


def expect_success(code):
    if code:
        raise errors.for_code(code)()


async def create_topic(client, step):
    wanted = NewTopic(step["topic"], step["partitions"], 1, topic_configs=step["configs"])
    answer = await client.create_topics([wanted])
    expect_success(answer.topic_errors[0][1])


async def create_partitions(client, step):
    await client.create_partitions({step["topic"]: NewPartitions(step["total"])})


async def delete_topic(client, step):
    answer = await client.delete_topics([step["topic"]])
    expect_success(answer.topic_error_codes[0][1])


async def list_topics(client, step):
    return sorted(await client.list_topics())


async def describe_topic(client, step):
    (found,) = await client.describe_topics([step["topic"]])
    expect_success(found["error_code"])
    partitions = sorted(found["partitions"], key=lambda each: each["partition"])
    leaders = sorted({each["leader"] for each in partitions})
    return {"partitions": len(partitions), "leaders": leaders, "replicas": partitions[0]["replicas"]}


async def alter_config(client, step):
    answer = await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, step["topic"], step["set"])])
    expect_success(answer[0].resources[0][0])


async def describe_config(client, step):
    wanted = ConfigResource(ConfigResourceType.TOPIC, step["topic"], configs={key: None for key in step["keys"]})
    (answer,) = await client.describe_configs([wanted])
    (error, _, _, _, entries) = answer.resources[0]
    expect_success(error)
    values = {entry[0]: entry[1] for entry in entries}
    return {key: values[key] for key in step["keys"]}


async def delete_records(client, step):
    place = TopicPartition(step["topic"], step["partition"])
    return (await client.delete_records({place: RecordsToDelete(step["before"])}))[place]


async def group_offsets(client, step):
    found = await client.list_consumer_group_offsets(step["group"])
    return sorted([place.topic, place.partition, at.offset] for place, at in found.items())


async def list_groups(client, step):
    return sorted(name for name, *_ in await client.list_consumer_groups())


async def describe_group(client, step):
    (answer,) = await client.describe_consumer_groups([step["group"]])
    error, _, state, _, _, members, *_ = answer.groups[0]
    expect_success(error)
    return {"state": state, "members": len(members)}


async def cluster(client, step):
    found = await client.describe_cluster()
    brokers = sorted([broker["node_id"], broker["port"]] for broker in found["brokers"])
    return {"brokers": brokers, "controller": found["controller_id"], "id": found["cluster_id"]}


STEPS = {verb.__name__: verb for verb in (
    create_topic, create_partitions, delete_topic, list_topics, describe_topic, alter_config, describe_config,
    delete_records, group_offsets, list_groups, describe_group, cluster)}


if __name__ == "__main__":
    verbs = (produce, consume, member, admin, transact, copy)
    asyncio.run({verb.__name__: verb for verb in verbs}[sys.argv[1]](parameters()))
