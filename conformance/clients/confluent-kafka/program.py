"""confluent-kafka, librdkafka in Python: the scenarios' verbs (../README.md)."""

import sys

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, Producer, TopicCollection
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic
from confluent_kafka.admin import OffsetSpec, ResourceType
from library import error_fields, member_settings
from pipeline import pipeline
from speech import asked_to_leave, orders, parameters, records_of, report, report_record
from transactions import copy, transact

SECONDS = 30


def produce(told):
    for number, run in enumerate(told["runs"]):
        settings = {
            "bootstrap.servers": told["bootstrap"],
            "compression.type": run["codec"],
            "acks": run["acks"],
            "enable.idempotence": run["idempotent"],
            "message.timeout.ms": SECONDS * 1000,
            "linger.ms": 5,
        }
        if run.get("largest"):
            settings["message.max.bytes"] = run["largest"]
        deliveries = Deliveries(number, each=not run.get("values"))
        producer = Producer(settings)
        for index, record in enumerate(records_of(run)):
            send(producer, run["topic"], record, deliveries.of(index))
        producer.flush(SECONDS)
        report(run=number, done=deliveries.done)


def send(producer, topic, record, delivered):
    at = {} if record["timestamp"] is None else {"timestamp": record["timestamp"]}
    while True:
        try:
            return producer.produce(topic, record["value"], record["key"], record["partition"], delivered,
                                    headers=record["headers"], **at)
        except BufferError:
            producer.poll(0.1)
        except KafkaException as refused:
            return delivered(refused.args[0], None)


class Deliveries:
    """What became of the records of one run."""

    def __init__(self, run, each):
        self.run, self.each, self.done = run, each, 0

    def of(self, index):
        """The callback of one record."""
        def delivered(error, message):
            if error is not None:
                return report(run=self.run, failed=index, **error_fields(error))
            self.done += 1
            if self.each:
                report(run=self.run, produced=index, partition=message.partition(), offset=message.offset())
        return delivered


def consume(told):
    for number, run in enumerate(told["runs"]):
        consumer = Consumer({
            "bootstrap.servers": told["bootstrap"],
            "group.id": "unused",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": run["isolation"],
        })
        try:
            consumer.assign(start_positions(consumer, run))
            report(run=number, positioned=True)
            left = run["count"]
            while left > 0:
                message = consumer.poll(0.5)
                if message is None:
                    continue
                if message.error():
                    raise KafkaException(message.error())
                report_message(message, run=number)
                left -= 1
        except KafkaException as refused:
            report(run=number, **error_fields(refused.args[0]))
        finally:
            consumer.close()


def start_positions(consumer, run):
    partitions = [TopicPartition(run["topic"], partition) for partition in run["partitions"]]
    start = run["from"]
    ends = {each.partition: consumer.get_watermark_offsets(each, SECONDS) for each in partitions}
    if isinstance(start, dict) and "time" in start:
        asked = [TopicPartition(each.topic, each.partition, start["time"]) for each in partitions]
        return consumer.offsets_for_times(asked, SECONDS)
    at = {"beginning": lambda each: ends[each][0], "end": lambda each: ends[each][1]}
    offset = at[start] if isinstance(start, str) else lambda _: start["offset"]
    return [TopicPartition(each.topic, each.partition, offset(each.partition)) for each in partitions]


def report_message(message, **more):
    report_record(message.partition(), message.offset(), message.timestamp()[1], message.key(), message.value(),
                  message.headers(), **more)


def member(told):
    cooperative = told["strategy"] in ("server", "cooperative")
    owned = set()

    def gained(consumer, partitions):
        (consumer.incremental_assign if cooperative else consumer.assign)(partitions)
        owned.update((each.topic, each.partition) for each in partitions)
        report(assigned=sorted(owned))

    def gone(consumer, partitions):
        owned.difference_update((each.topic, each.partition) for each in partitions)
        (consumer.incremental_unassign(partitions) if cooperative else consumer.unassign())
        report(assigned=sorted(owned))

    consumer = Consumer(member_settings(told))
    consumer.subscribe(told["topics"], on_assign=gained, on_revoke=gone, on_lost=gone)
    lines = orders()
    while not asked_to_leave(lines):
        messages = consumer.consume(500, 0.1)
        if any(message.error() and message.error().fatal() for message in messages):
            sys.exit(next(message.error().str() for message in messages if message.error()))
        work(consumer, messages, told["commit"])
    consumer.close()
    report(left=True)


def work(consumer, messages, commit):
    ends = {}
    for message in messages:
        if message.error():
            report(**error_fields(message.error()))
            continue
        report_message(message)
        ends[message.topic(), message.partition()] = message.offset() + 1
    if not ends or not commit:
        return
    try:
        done = consumer.commit(offsets=[TopicPartition(*place, end) for place, end in ends.items()], asynchronous=False)
        report(committed=[[each.topic, each.partition, each.offset] for each in done])
    except KafkaException as refused:
        report(**error_fields(refused.args[0]))


def admin(told):
    client = AdminClient({"bootstrap.servers": told["bootstrap"]})
    for number, step in enumerate(told["steps"]):
        if step["do"] not in STEPS:
            report(step=number, unsupported="no call for it")
            continue
        try:
            report(step=number, answer=STEPS[step["do"]](client, step))
        except KafkaException as refused:
            report(step=number, **error_fields(refused.args[0]))


def only(futures):
    """The result of a request about one thing."""
    (future,) = futures.values()
    return future.result(SECONDS)


def create_topic(client, step):
    only(client.create_topics([NewTopic(step["topic"], step["partitions"], 1, config=step["configs"])]))


def create_partitions(client, step):
    only(client.create_partitions([NewPartitions(step["topic"], step["total"])]))


def delete_topic(client, step):
    only(client.delete_topics([step["topic"]], operation_timeout=SECONDS))


def list_topics(client, step):
    return sorted(client.list_topics(timeout=SECONDS).topics)


def describe_topic(client, step):
    partitions = only(client.describe_topics(TopicCollection([step["topic"]]))).partitions
    replicas = [node.id for node in partitions[0].replicas]
    return {"partitions": len(partitions), "leaders": sorted({each.leader.id for each in partitions}), "replicas": replicas}


def topic_resource(step, entries=None):
    return ConfigResource(ResourceType.TOPIC, step["topic"], incremental_configs=entries)


def alter_config(client, step):
    entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in step["set"].items()]
    only(client.incremental_alter_configs([topic_resource(step, entries)]))


def describe_config(client, step):
    found = only(client.describe_configs([topic_resource(step)]))
    return {key: found[key].value for key in step["keys"]}


def list_offset(client, step):
    specs = {"earliest": OffsetSpec.earliest, "latest": OffsetSpec.latest}
    spec = specs[step["at"]]() if step["at"] in specs else OffsetSpec.for_timestamp(step["at"])
    isolation = IsolationLevel[step["isolation"].upper()]
    return only(client.list_offsets({TopicPartition(step["topic"], step["partition"]): spec}, isolation_level=isolation)).offset


def delete_records(client, step):
    return only(client.delete_records([TopicPartition(step["topic"], step["partition"], step["before"])])).low_watermark


def commit_offset(client, step):
    place = TopicPartition(step["topic"], step["partition"], step["offset"])
    only(client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(step["group"], [place])]))


def group_offsets(client, step):
    found = only(client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(step["group"])]))
    return sorted([each.topic, each.partition, each.offset] for each in found.topic_partitions)


def list_groups(client, step):
    return sorted(group.group_id for group in client.list_consumer_groups().result(SECONDS).valid)


def describe_group(client, step):
    found = only(client.describe_consumer_groups([step["group"]]))
    words = found.state.name.split("_")
    return {"state": "".join(word.capitalize() for word in words), "members": len(found.members)}


def delete_group(client, step):
    only(client.delete_consumer_groups([step["group"]]))


def cluster(client, step):
    found = client.describe_cluster().result(SECONDS)
    brokers = sorted([node.id, node.port] for node in found.nodes)
    return {"brokers": brokers, "controller": found.controller.id, "id": found.cluster_id}


STEPS = {verb.__name__: verb for verb in (
    create_topic, create_partitions, delete_topic, list_topics, describe_topic, alter_config, describe_config,
    list_offset, delete_records, commit_offset, group_offsets, list_groups, describe_group, delete_group, cluster)}


if __name__ == "__main__":
    verbs = (produce, consume, member, admin, transact, copy, pipeline)
    {verb.__name__: verb for verb in verbs}[sys.argv[1]](parameters())
