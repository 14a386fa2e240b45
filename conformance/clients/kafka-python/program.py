"""kafka-python: the scenarios' verbs (../README.md)."""

import re
import sys

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType
from library import error_fields, membership
from speech import asked_to_leave, orders, parameters, records_of, report, report_record
from transactions import copy, transact

EARLIEST, LATEST = -2, -1


def produce(told):
    for number, run in enumerate(told["runs"]):
        producer = KafkaProducer(
            bootstrap_servers=told["bootstrap"],
            compression_type=None if run["codec"] == "none" else run["codec"],
            acks=run["acks"] if run["acks"] == "all" else int(run["acks"]),
            enable_idempotence=run["idempotent"],
            max_request_size=run.get("largest") or 1 << 20,
            delivery_timeout_ms=60_000,
            linger_ms=5,
        )
        sent = [send(producer, run["topic"], record) for record in records_of(run)]
        producer.flush(timeout=120)
        done = sum(tell(number, index, future, each=not run.get("values")) for index, future in enumerate(sent))
        producer.close()
        report(run=number, done=done)


def send(producer, topic, record):
    """A future, or the error of the library itself."""
    fields = {"key": record["key"], "value": record["value"], "timestamp_ms": record["timestamp"]}
    try:
        return producer.send(topic, partition=record["partition"], headers=record["headers"], **fields)
    except errors.KafkaError as refused:
        return refused


def tell(run, index, future, each):
    """Reports what became of a record and returns whether it was delivered."""
    try:
        if isinstance(future, errors.KafkaError):
            raise future
        metadata = future.get(timeout=60)
    except errors.KafkaError as failed:
        report(run=run, failed=index, **error_fields(failed))
        return False
    if each:
        report(run=run, produced=index, partition=metadata.partition, offset=metadata.offset)
    return True


def consume(told):
    for number, run in enumerate(told["runs"]):
        consumer = KafkaConsumer(bootstrap_servers=told["bootstrap"], group_id=None, auto_offset_reset="none",
                                 isolation_level=run["isolation"])
        try:
            read(consumer, number, run)
        except errors.KafkaError as refused:
            report(run=number, **error_fields(refused))
        consumer.close()


def read(consumer, number, run):
    partitions = [TopicPartition(run["topic"], partition) for partition in run["partitions"]]
    consumer.assign(partitions)
    start = run["from"]
    if start == "beginning":
        consumer.seek_to_beginning(*partitions)
    elif start == "end":
        consumer.seek_to_end(*partitions)
    else:
        if "offset" in start:
            offsets = {each: start["offset"] for each in partitions}
        else:
            found = consumer.offsets_for_times({each: start["time"] for each in partitions})
            offsets = {each: at.offset for each, at in found.items()}
        for each, offset in offsets.items():
            consumer.seek(each, offset)
    for each in partitions:
        consumer.position(each)
    report(run=number, positioned=True)
    left = run["count"]
    while left > 0:
        for records in consumer.poll(timeout_ms=500).values():
            for record in records[:left]:
                report_message(record, run=number)
            left -= len(records[:left])


def report_message(record, **more):
    report_record(record.partition, record.offset, record.timestamp, record.key, record.value, record.headers, **more)


class Owned(ConsumerRebalanceListener):
    """Reports all that the member owns whenever it changes."""

    def __init__(self):
        self.partitions = set()

    def on_partitions_assigned(self, assigned):
        self.partitions.update(assigned)
        self.report()

    def on_partitions_revoked(self, revoked):
        self.partitions.difference_update(revoked)
        self.report()

    def on_partitions_lost(self, lost):
        self.on_partitions_revoked(lost)

    def report(self):
        report(assigned=sorted([each.topic, each.partition] for each in self.partitions))


def member(told):
    consumer = KafkaConsumer(**membership(told))
    consumer.subscribe(told["topics"], listener=Owned())
    lines = orders()
    while not asked_to_leave(lines):
        try:
            # Long beside the 100 ms after which the library asks for metadata: where the end of a poll meets the join
            # that new metadata asks for, the library never takes the assignment it is given, and waits for ever.
            work(consumer, consumer.poll(timeout_ms=1000), told["commit"])
        except errors.FencedInstanceIdError as fenced:
            report(**error_fields(fenced))
            return
        except errors.KafkaError as failure:
            report(**error_fields(failure))
    consumer.close()
    report(left=True)


def work(consumer, batches, commit):
    for records in batches.values():
        for record in records:
            report_message(record)
    if not batches or not commit:
        return
    ends = {place: OffsetAndMetadata(records[-1].offset + 1, "", -1) for place, records in batches.items()}
    consumer.commit(ends)
    report(committed=[[place.topic, place.partition, end.offset] for place, end in ends.items()])


def admin(told):
    client = KafkaAdminClient(bootstrap_servers=told["bootstrap"])
    for number, step in enumerate(told["steps"]):
        try:
            report(step=number, answer=STEPS[step["do"]](client, step))
        except (errors.KafkaError, Refused) as refused:
            report(step=number, **error_fields(refused))


class Refused(Exception):
    """An error that the library tells as text: `[Error 40] InvalidConfigurationError: ...`, or the name alone."""

    def __init__(self, text):
        super().__init__(text)
        numbered = re.match(r"\[Error (\d+)\]", text)
        self.errno = int(numbered[1]) if numbered else getattr(getattr(errors, text, None), "errno", None)


def create_topic(client, step):
    wanted = {"num_partitions": step["partitions"], "replication_factor": 1, "configs": step["configs"]}
    client.create_topics({step["topic"]: wanted})


def create_partitions(client, step):
    client.create_partitions({step["topic"]: step["total"]})


def delete_topic(client, step):
    client.delete_topics([step["topic"]])


def list_topics(client, step):
    return sorted(client.list_topics())


def describe_topic(client, step):
    (found,) = client.describe_topics([step["topic"]])
    if found["error_code"]:
        raise errors.for_code(found["error_code"])()
    partitions = sorted(found["partitions"], key=lambda each: each["partition_index"])
    leaders = sorted({each["leader_id"] for each in partitions})
    return {"partitions": len(partitions), "leaders": leaders, "replicas": partitions[0]["replica_nodes"]}


def alter_config(client, step):
    wanted = ConfigResource(ConfigResourceType.TOPIC, step["topic"], configs=step["set"])
    found = client.alter_configs([wanted], raise_on_unknown=False)["topic"][step["topic"]]
    if found != "OK":
        raise Refused(found)


def describe_config(client, step):
    wanted = ConfigResource(ConfigResourceType.TOPIC, step["topic"], configs={key: None for key in step["keys"]})
    found = client.describe_configs([wanted], config_filter="all")["topic"][step["topic"]]
    return {key: found[key]["value"] for key in step["keys"]}


def list_offset(client, step):
    at = {"earliest": EARLIEST, "latest": LATEST}.get(step["at"], step["at"])
    place = TopicPartition(step["topic"], step["partition"])
    found = client.list_partition_offsets({place: at}, isolation_level=step["isolation"])[place]
    return -1 if found is None else found.offset


def delete_records(client, step):
    place = TopicPartition(step["topic"], step["partition"])
    return client.delete_records({place: step["before"]})[place]["low_watermark"]


def commit_offset(client, step):
    place = TopicPartition(step["topic"], step["partition"])
    error = client.alter_group_offsets(step["group"], {place: OffsetAndMetadata(step["offset"], "", -1)})[place]
    if error is not errors.NoError:
        raise error()


def group_offsets(client, step):
    found = client.list_group_offsets(step["group"])[step["group"]]
    return sorted([place.topic, place.partition, at.offset] for place, at in found.items())


def list_groups(client, step):
    return sorted(group["group_id"] for group in client.list_groups())


def describe_group(client, step):
    found = client.describe_groups([step["group"]])[step["group"]]
    if found["error"]:
        raise Refused(found["error"])
    return {"state": found["group_state"], "members": len(found["members"])}


def delete_group(client, step):
    found = client.delete_groups([step["group"]])[step["group"]]
    if found != "OK":
        raise Refused(found)


def delete_offset(client, step):
    place = TopicPartition(step["topic"], step["partition"])
    error = client.delete_group_offsets(step["group"], [place])[place]
    if error is not errors.NoError:
        raise error()


def cluster(client, step):
    found = client.describe_cluster()
    brokers = sorted([broker["broker_id"], broker["port"]] for broker in found["brokers"])
    return {"brokers": brokers, "controller": found["controller_id"], "id": found["cluster_id"]}


STEPS = {verb.__name__: verb for verb in (
    create_topic, create_partitions, delete_topic, list_topics, describe_topic, alter_config, describe_config,
    list_offset, delete_records, commit_offset, group_offsets, list_groups, describe_group, delete_group,
    delete_offset, cluster)}


if __name__ == "__main__":
    verbs = (produce, consume, member, admin, transact, copy)
    {verb.__name__: verb for verb in verbs}[sys.argv[1]](parameters())
