// Each run with a producer of its own.

import kafkajs from "kafkajs";
import { bytes, errorFields, report, valuesOf } from "./speech.js";

const { CompressionTypes, Partitioners } = kafkajs;
const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy };
const ACKS = { 0: 0, 1: 1, all: -1 };
const BYTES_TOGETHER = 700_000;

export async function produce(kafka, told) {
  for (const [number, run] of told.runs.entries()) {
    const settings = { idempotent: run.idempotent, createPartitioner: Partitioners.DefaultPartitioner };
    const producer = kafka.producer({ ...settings, retry: { retries: run.idempotent ? Number.MAX_SAFE_INTEGER : 5 } });
    await producer.connect();
    const done = run.values ? await sendValues(producer, run) : await sendRecords(producer, run, number);
    await producer.disconnect();
    report({ run: number, done });
  }
}

async function sendRecords(producer, run, number) {
  const messages = run.records.map(made);
  let answers;
  try {
    answers = await send(producer, run, messages);
  } catch (failure) {
    messages.forEach((_, index) => report({ run: number, failed: index, ...errorFields(failure) }));
    return 0;
  }
  // The library tells where the batch of a partition begins.
  const next = Object.fromEntries((answers ?? []).map((each) => [each.partition, Number(each.baseOffset)]));
  messages.forEach(({ partition }, index) => {
    const offset = partition in next ? next[partition]++ : null;
    report({ run: number, produced: index, partition, offset });
  });
  return messages.length;
}

/** Values in requests of a bounded size: the library sends what it is given at once. */
async function sendValues(producer, run) {
  let done = 0;
  let together = [];
  let size = 0;
  const flush = async () => {
    if (together.length > 0) await send(producer, run, together);
    done += together.length;
    [together, size] = [[], 0];
  };
  for (const value of valuesOf(run.values)) {
    if (size + value.length > BYTES_TOGETHER) await flush();
    together.push({ partition: 0, value });
    size += value.length + 100;
  }
  await flush();
  return done;
}

function send(producer, run, messages) {
  return producer.send({ topic: run.topic, messages, acks: ACKS[run.acks], compression: CODECS[run.codec] });
}

export function made(record) {
  const headers = {};
  for (const [name, value] of record.headers ?? []) (headers[name] ??= []).push(bytes(value));
  const message = { partition: record.partition, key: bytes(record.key), value: bytes(record.value), headers };
  return record.timestamp ? { ...message, timestamp: String(record.timestamp) } : message;
}
