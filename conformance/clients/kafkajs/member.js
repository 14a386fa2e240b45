// A member of a classic group until it is asked to leave.

import { askedToLeave, errorFields, report, reportRecord } from "./speech.js";

/** A consumer that is a member as it is told; it reads what is committed, as the library does where nothing else is said. */
export function memberOf(kafka, told) {
  return kafka.consumer({
    groupId: told.group,
    sessionTimeout: told.session_ms,
    heartbeatInterval: told.heartbeat_ms,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 100,
  });
}

export async function member(kafka, told) {
  const consumer = memberOf(kafka, told);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const assigned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => [topic, partition]),
    );
    report({ assigned });
  });
  consumer.on(consumer.events.REBALANCING, () => report({ assigned: [] }));
  consumer.on(consumer.events.CRASH, ({ payload }) => report(errorFields(payload.error)));
  await consumer.connect();
  await consumer.subscribe({ topics: told.topics, fromBeginning: true });
  const eachBatch = (work) => handle(consumer, told, work);
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: true, eachBatch });
  await askedToLeave();
  await consumer.disconnect();
  report({ left: true });
}

async function handle(consumer, told, { batch }) {
  for (const message of batch.messages) reportRecord(batch.partition, message);
  if (!told.commit || batch.isEmpty()) return;
  const { topic, partition } = batch;
  const offset = Number(batch.lastOffset()) + 1;
  try {
    await consumer.commitOffsets([{ topic, partition, offset: String(offset) }]);
    report({ committed: [[topic, partition, offset]] });
  } catch (refused) {
    // Thrown on, it would end the consumer for good; the next heartbeat has it join the group again.
    report(errorFields(refused));
  }
}
