// The steps of admin.

import kafkajs from "kafkajs";
import { errorFields, report } from "./speech.js";

const { ConfigResourceTypes } = kafkajs;

export async function admin(kafka, told) {
  const client = kafka.admin({ retry: { retries: 2 } });
  await client.connect();
  for (const [number, step] of told.steps.entries()) {
    try {
      report({ step: number, answer: (await STEPS[step.do](client, step)) ?? null });
    } catch (refused) {
      report({ step: number, ...errorFields(refused) });
    }
  }
  await client.disconnect();
}

const entries = (settings) => Object.entries(settings).map(([name, value]) => ({ name, value }));

const STEPS = {
  async create_topic(client, { topic, partitions, configs }) {
    const wanted = { topic, numPartitions: partitions, replicationFactor: 1, configEntries: entries(configs) };
    // The library answers false, and nothing else, for a topic that exists.
    if (!(await client.createTopics({ topics: [wanted] }))) throw new Error("the topic exists");
  },

  async create_partitions(client, { topic, total }) {
    await client.createPartitions({ topicPartitions: [{ topic, count: total }] });
  },

  async delete_topic(client, { topic }) {
    await client.deleteTopics({ topics: [topic] });
  },

  async list_topics(client) {
    return await client.listTopics();
  },

  async describe_topic(client, { topic }) {
    const { partitions } = (await client.fetchTopicMetadata({ topics: [topic] })).topics[0];
    partitions.sort((one, other) => one.partitionId - other.partitionId);
    const leaders = [...new Set(partitions.map((each) => each.leader))].sort();
    return { partitions: partitions.length, leaders, replicas: partitions[0].replicas };
  },

  async alter_config(client, { topic, set }) {
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: entries(set) };
    await client.alterConfigs({ validateOnly: false, resources: [resource] });
  },

  async describe_config(client, { topic, keys }) {
    const wanted = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: keys };
    const { resources } = await client.describeConfigs({ includeSynonyms: false, resources: [wanted] });
    return Object.fromEntries(resources[0].configEntries.map((each) => [each.configName, each.configValue]));
  },

  async list_offset(client, { topic, partition, at }) {
    const byTime = typeof at === "number";
    const offsets = byTime ? await client.fetchTopicOffsetsByTimestamp(topic, at) : await client.fetchTopicOffsets(topic);
    const found = offsets.find((each) => each.partition === partition);
    return Number(byTime ? found.offset : at === "earliest" ? found.low : found.high);
  },

  /** The library has to have met the topic before, and does not tell what was answered: asks for offsets twice. */
  async delete_records(client, { topic, partition, before }) {
    await client.fetchTopicOffsets(topic);
    await client.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] });
    return await STEPS.list_offset(client, { topic, partition, at: "earliest" });
  },

  async commit_offset(client, { group, topic, partition, offset }) {
    await client.setOffsets({ groupId: group, topic, partitions: [{ partition, offset: String(offset) }] });
  },

  async group_offsets(client, { group }) {
    const found = await client.fetchOffsets({ groupId: group });
    return found
      .flatMap(({ topic, partitions }) => partitions.map((each) => [topic, each.partition, Number(each.offset)]))
      .sort((one, other) => one[1] - other[1]);
  },

  async list_groups(client) {
    return (await client.listGroups()).groups.map((each) => each.groupId);
  },

  async describe_group(client, { group }) {
    const found = (await client.describeGroups([group])).groups[0];
    return { state: found.state, members: found.members.length };
  },

  async delete_group(client, { group }) {
    await client.deleteGroups([group]);
  },

  async cluster(client) {
    const { brokers, controller, clusterId } = await client.describeCluster();
    return { brokers: brokers.map((each) => [each.nodeId, each.port]), controller, id: clusterId };
  },
};
