"""The other side of the interop tests: aiokafka, with pydantic for the values, as a Python service would have it.

peer.py receive BOOTSTRAP TOPIC COUNT writes each record as a line of JSON; peer.py send BOOTSTRAP TOPIC reads such lines. Bytes are
in base64. "parsed" is the value as pydantic understands it.
"""

import asyncio
import base64
import json
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import BaseModel, ConfigDict


class Greeting(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    id: int
    text: str
    ratio: float
    tags: list[str]
    note: str | None = None


def to_text(data):
    return None if data is None else base64.b64encode(data).decode()


def to_bytes(text):
    return None if text is None else base64.b64decode(text)


async def receive(bootstrap, topic, count):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        for _ in range(count):
            record = await consumer.getone()
            print(json.dumps({
                "key": to_text(record.key),
                "value": to_text(record.value),
                "headers": [{"name": name, "value": to_text(value)} for name, value in record.headers],
                "timestamp": record.timestamp,
                "partition": record.partition,
                "parsed": Greeting.model_validate_json(record.value).model_dump(),
            }))
    finally:
        await consumer.stop()


async def send(bootstrap, topic):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for line in sys.stdin:
            record = json.loads(line)
            value = to_bytes(record["value"])
            Greeting.model_validate_json(value)
            await producer.send_and_wait(
                topic, value, key=to_bytes(record["key"]), timestamp_ms=record["timestamp"],
                headers=[(h["name"], to_bytes(h["value"])) for h in record["headers"]])
    finally:
        await producer.stop()


if sys.argv[1] == "receive":
    asyncio.run(receive(sys.argv[2], sys.argv[3], int(sys.argv[4])))
else:
    asyncio.run(send(sys.argv[2], sys.argv[3]))
