// How the program speaks: parameters in, reports out, as ../README.md says.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export async function parameters() {
  return JSON.parse((await lines.next()).value);
}

/** The steps that are told one after the other, until the program is asked to leave. */
export async function* steps() {
  for (let line = await lines.next(); !line.done && line.value !== "leave"; line = await lines.next()) {
    yield JSON.parse(line.value);
  }
}

/** Ends when the program is asked to leave. */
export async function askedToLeave() {
  let line;
  do {
    line = await lines.next();
  } while (!line.done && line.value !== "leave");
}

export function report(fields) {
  process.stdout.write(JSON.stringify(fields) + "\n");
}

/** Kafka's number of an error, null where the library refused by itself. */
export function errorFields(error) {
  const cause = error.errors?.[0] ?? error.cause ?? error.originalError ?? error;
  const code = cause.groups?.[0].errorCode ?? cause.partitions?.[0].error.code ?? cause.code;
  return { code: code > 0 ? code : null, error: `${cause.name}: ${cause.message}` };
}

export function bytes(hex) {
  return hex === null || hex === undefined ? null : Buffer.from(hex, "hex");
}

function hex(value) {
  return value === null || value === undefined ? null : value.toString("hex");
}

export function reportRecord(partition, message, more = {}) {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, hex(value)]),
  );
  report({
    ...more,
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: hex(message.key),
    value: message.value === null ? null : createHash("sha256").update(message.value).digest("hex"),
    size: message.value === null ? -1 : message.value.length,
    headers,
  });
}

/** The values of a file of values. */
export function* valuesOf(path) {
  const file = readFileSync(path);
  for (let at = 0; at < file.length; ) {
    const end = at + 4 + file.readInt32BE(at);
    yield file.subarray(at + 4, end);
    at = end;
  }
}
