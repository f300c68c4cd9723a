// The other side of the interop tests: kafkajs. The same commands and lines as aiokafka/peer.py.
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");
// The modules are installed in the user's cache, named by the environment.
const { Kafka, logLevel } = createRequire(process.env.PEER_MODULES + "/")("kafkajs");

const [, , command, bootstrap, topic, count] = process.argv;
const kafka = new Kafka({ brokers: bootstrap.split(","), logLevel: logLevel.ERROR });
const toText = (data) => (data === null || data === undefined ? null : Buffer.from(data).toString("base64"));
const toBytes = (text) => (text === null ? null : Buffer.from(text, "base64"));

async function receive() {
  const consumer = kafka.consumer({ groupId: "kafkajs-" + topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let left = Number(count);
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, (event) => reject(event.payload.error));
    consumer.run({
      eachMessage: async ({ partition, message }) => {
        const headers = [];
        for (const [name, values] of Object.entries(message.headers)) {
          for (const value of Array.isArray(values) ? values : [values]) headers.push({ name, value: toText(value) });
        }
        console.log(JSON.stringify({
          key: toText(message.key), value: toText(message.value), headers, partition,
          timestamp: Number(message.timestamp), parsed: JSON.parse(message.value.toString()),
        }));
        if (--left === 0) resolve();
      },
    });
  });
  await consumer.disconnect();
}

async function send() {
  const producer = kafka.producer();
  await producer.connect();
  for await (const line of createInterface({ input: process.stdin })) {
    const record = JSON.parse(line);
    const headers = {};
    for (const { name, value } of record.headers) headers[name] = [...(headers[name] ?? []), toBytes(value)];
    const message = { key: toBytes(record.key), value: toBytes(record.value), timestamp: String(record.timestamp), headers };
    await producer.send({ topic, messages: [message] });
  }
  await producer.disconnect();
}

(command === "receive" ? receive() : send()).catch((error) => {
  console.error(error);
  process.exit(1);
});
