// kafkajs: the scenarios' verbs (../README.md).

import kafkajs from "kafkajs";
import snappy from "kafkajs-snappy";
import { admin } from "./admin.js";
import { consume } from "./consume.js";
import { member } from "./member.js";
import { produce } from "./produce.js";
import { parameters } from "./speech.js";
import { copy, transact } from "./transactions.js";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
CompressionCodecs[CompressionTypes.Snappy] = snappy;

const told = await parameters();
const kafka = new Kafka({ brokers: [told.bootstrap], logLevel: logLevel.ERROR, retry: { initialRetryTime: 50 } });
await { produce, consume, member, admin, transact, copy }[process.argv[2]](kafka, told);
// What was reported may still be on its way out.
process.stdout.write("", () => process.exit(0));
