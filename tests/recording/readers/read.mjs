// Reads a recording with npm's @mcap/core: FILE LINES finished|killed.
import { McapIndexedReader, McapStreamReader } from "@mcap/core";
import * as fzstd from "fzstd";
import fs from "node:fs";
import path from "node:path";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";

const [file, lineText, kind] = process.argv.slice(2);
const lines = Number(lineText);
const decompressHandlers = { zstd: (data, size) => fzstd.decompress(data, new Uint8Array(Number(size))) };

function check(found, expected, what) {
  if (found !== expected) {
    console.error(`${what}: ${found}, expected ${expected}`);
    process.exit(1);
  }
}

function decoderOf(schema) {
  const root = protobuf.Root.fromDescriptor(descriptor.FileDescriptorSet.decode(schema.data));
  const type = root.lookupType(schema.name);
  return (data) => type.decode(data);
}

function textOf(message) {
  const value = message[Object.keys(message)[0]];
  return typeof value === "string" ? value : Buffer.from(value).toString();
}

// Record by record, with all checksums.
const reader = new McapStreamReader({ decompressHandlers, validateCrcs: true });
reader.append(fs.readFileSync(file));
const schemas = new Map();
const channels = new Map();
let count = 0;
let footer = false;
for (let record; (record = reader.nextRecord());) {
  if (record.type === "Schema") schemas.set(record.id, decoderOf(record));
  if (record.type === "Channel") channels.set(record.id, record);
  if (record.type === "Footer") footer = true;
  if (record.type === "Message") {
    ++count;
    const decode = schemas.get(channels.get(record.channelId).schemaId);
    check(textOf(decode(record.data)), `line ${count} of ${path.basename(file)}`, "text");
  }
}
check(count, lines, "messages");
check(footer, kind === "finished", "the file has an end");

// By the indexes, from the middle on.
if (kind === "finished") {
  const handle = await fs.promises.open(file);
  const readable = {
    size: async () => BigInt((await handle.stat()).size),
    read: async (offset, size) => {
      const bytes = new Uint8Array(Number(size));
      await handle.read(bytes, 0, Number(size), Number(offset));
      return bytes;
    },
  };
  const indexed = await McapIndexedReader.Initialize({ readable, decompressHandlers });
  check(Number(indexed.statistics.messageCount), lines, "the statistics' messages");
  const times = [];
  for await (const message of indexed.readMessages()) times.push(message.logTime);
  check(times.length, lines, "messages by index");
  const startTime = times[lines / 2];
  let later = 0;
  for await (const message of indexed.readMessages({ startTime })) later += message ? 1 : 0;
  check(later, times.filter((time) => time >= startTime).length, "messages from a time on");
  await handle.close();
}
console.log(`${count} messages, all checksums right`);
