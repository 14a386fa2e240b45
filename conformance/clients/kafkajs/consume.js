// Partitions read from where they are sought. The library reads in groups only: each run has one of its own.

import { randomUUID } from "node:crypto";
import { errorFields, report, reportRecord } from "./speech.js";

export async function consume(kafka, told) {
  for (const [number, run] of told.runs.entries()) {
    const readUncommitted = run.isolation === "read_uncommitted";
    const consumer = kafka.consumer({ groupId: `alone-${randomUUID()}`, maxWaitTimeInMs: 100, readUncommitted });
    await consumer.connect();
    await consumer.subscribe({ topic: run.topic, fromBeginning: false });
    try {
      await read(kafka, consumer, number, run);
    } catch (refused) {
      report({ run: number, ...errorFields(refused) });
    }
    await consumer.disconnect();
  }
}

async function read(kafka, consumer, number, run) {
  const positions = await start(kafka, run);
  let left = run.count;
  let sought = false;
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error));
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const [partition, offset] of positions) consumer.seek({ topic: run.topic, partition, offset });
      sought = true;
      report({ run: number, positioned: true });
    });
    const eachMessage = async ({ partition, message }) => {
      // A group that is joined again is read again from where it was.
      if (!sought || left === 0 || !(Number(message.offset) >= Number(positions.get(partition)))) return;
      reportRecord(partition, message, { run: number });
      positions.set(partition, String(Number(message.offset) + 1));
      left -= 1;
      if (left === 0) resolve();
    };
    consumer.run({ autoCommit: false, eachMessage }).catch(reject);
  });
}

/** Where to read each partition from, as the broker tells it before the reading starts. */
async function start(kafka, run) {
  const client = kafka.admin();
  await client.connect();
  const place = run.from;
  const offsets =
    place.time === undefined
      ? await client.fetchTopicOffsets(run.topic)
      : await client.fetchTopicOffsetsByTimestamp(run.topic, place.time);
  await client.disconnect();
  const at = (each) => place.offset ?? (place === "beginning" ? each.low : place === "end" ? each.high : each.offset);
  const wanted = offsets.filter((each) => run.partitions.includes(each.partition));
  return new Map(wanted.map((each) => [each.partition, String(at(each))]));
}
