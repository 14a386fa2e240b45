// Transactions: a producer that is told its steps one after the other, and a copier.

import kafkajs from "kafkajs";
import { memberOf } from "./member.js";
import { made } from "./produce.js";
import { askedToLeave, errorFields, report, steps } from "./speech.js";

function transactional(kafka, told) {
  return kafka.producer({
    transactionalId: told.id,
    transactionTimeout: told.timeout_ms,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
}

export async function transact(kafka, told) {
  const producer = transactional(kafka, told);
  await producer.connect();
  let transaction;
  const carryOut = {
    // The library asks for its producer id when its first transaction begins.
    init: () => null,
    begin: async () => {
      transaction = await producer.transaction();
    },
    send: async ({ topic, records }) => await sent(transaction, topic, records.map(made)),
    offsets: async ({ group, offsets }) => {
      const topics = offsets.map(([topic, partition, offset]) => ({ topic, partitions: [{ partition, offset: String(offset) }] }));
      await transaction.sendOffsets({ consumerGroupId: group, topics });
    },
    commit: async () => await transaction.commit(),
    abort: async () => await transaction.abort(),
  };
  let number = 0;
  for await (const step of steps()) {
    try {
      report({ step: number, answer: (await carryOut[step.do](step)) ?? null });
    } catch (refused) {
      report({ step: number, ...errorFields(refused) });
    }
    number += 1;
  }
  await producer.disconnect();
}

/** Sends messages and returns their offsets: the library tells where the batch of a partition begins. */
async function sent(transaction, topic, messages) {
  const answers = await transaction.send({ topic, messages });
  const next = Object.fromEntries(answers.map((each) => [each.partition, Number(each.baseOffset)]));
  return messages.map(({ partition }) => next[partition]++);
}

export async function copy(kafka, told) {
  const producer = transactional(kafka, told);
  const consumer = memberOf(kafka, told);
  consumer.on(consumer.events.CRASH, ({ payload }) => report(errorFields(payload.error)));
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topics: [told.source], fromBeginning: true });
  let transactions = 0;
  const eachBatch = async ({ batch }) => {
    const messages = batch.messages.slice(0, told.batch);
    if (messages.length === 0) return;
    const committed = await copied(producer, told, batch.partition, messages, ++transactions);
    // Reads on behind what was copied, or again what was not.
    const offset = committed ? String(Number(messages.at(-1).offset) + 1) : messages[0].offset;
    consumer.seek({ topic: told.source, partition: batch.partition, offset });
  };
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
  await askedToLeave();
  await consumer.disconnect();
  await producer.disconnect();
  report({ left: true });
}

/** One transaction; false when it was aborted. */
async function copied(producer, told, partition, messages, number) {
  const transaction = await producer.transaction();
  try {
    await sent(transaction, told.target, messages.map(({ value }) => ({ partition, value })));
    const end = { partition, offset: String(Number(messages.at(-1).offset) + 1) };
    await transaction.sendOffsets({ consumerGroupId: told.group, topics: [{ topic: told.source, partitions: [end] }] });
    if (number === told.hang) {
      report({ open: messages.length });
      await new Promise(() => {});
    }
    if (told.abort === 0 || number % told.abort !== 0) {
      await transaction.commit();
      report({ copied: messages.length });
      return true;
    }
  } catch (refused) {
    report(errorFields(refused));
  }
  await transaction.abort();
  report({ aborted: messages.length });
  return false;
}
