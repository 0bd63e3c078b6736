#!/usr/bin/env python3
"""Independent clients drive a broker: produce, consume, groups and administration, each reading what the others wrote.

    kafka_clients.py [--bootstrap HOST:PORT | --local-broker PATH | --kafka-home DIR] [--only TEXT]... [--write FILE] [--expect FILE]

kafka_clients.apache-4.2.json beside this file is what Apache Kafka 4.2 gives.

One line a check: ok or FAILED, its name, what was found. What is found is free of chance, so that --write FILE on one broker and
--expect FILE on another shows where they differ; checks named differs.* may. Exit status: 0 all as it should be, 1 not.

Clients: confluent-kafka (today's librdkafka), kafka-python, kcat (Debian's librdkafka). kafka-python writes and reads snappy, lz4 and
zstd only beside the Python packages python-snappy, lz4 and zstandard; without one its checks are left out, and said so.
"""
import argparse
import importlib.util
import json
import logging
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid
import zlib

import brokers
from brokers import say

try:
    import confluent_kafka as confluent
    from confluent_kafka import admin as confluent_admin
    import kafka
    import kafka.admin
    import kafka.errors
except ImportError as missing:
    sys.exit(f"kafka_clients.py: {missing}; pip install confluent-kafka kafka-python")

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
MODULES = {"snappy": "snappy", "lz4": "lz4", "zstd": "zstandard"}
CLIENTS = ("confluent", "python", "kcat")
START = 1_700_000_000_000  # the time of the first record in most checks, ms
RUN = uuid.uuid4().hex[:8]
CHECKS = []
BOOTSTRAP = None
QUIET = logging.Logger("quiet", logging.CRITICAL + 1)


class LeftOut(Exception):
    """A check that cannot run here; says why."""


def check(name):
    def register(function):
        CHECKS.append((name, function))
        return function
    return register


def every(name, **axes):
    """Registers the check once for each combination; {axis} in its name is replaced."""
    def register(function):
        combinations = [{}]
        for axis, values in axes.items():
            combinations = [{**one, axis: value} for one in combinations for value in values]
        for one in combinations:
            CHECKS.append((name.format(**one), lambda one=one: function(**one)))
        return function
    return register


def expect(found, wanted, what="result"):
    if found != wanted:
        raise AssertionError(f"{what}: found {brief(found)}, expected {brief(wanted)}")
    return found


def brief(value, limit=300):
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + f"... ({len(text)} characters)"


def wait_until(condition, what, seconds=20):
    """Looks again and again; `condition` may poll a client. Returns what it found that is true."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)


# Records: (key, value, headers, timestamp), headers a list of (name, bytes or None).

def sample_records():
    """What tends to go wrong: null and empty keys and values, all bytes, repeated and null headers, times, a large value."""
    rng = random.Random(5)
    records = [
        (b"key", b"value", [], START),
        (None, b"no key", [], START + 1),
        (b"no value", None, [("h", b"x")], START + 2),
        (b"", b"", [("empty", b""), ("null", None)], START + 3),
        (bytes(range(256)), bytes(reversed(range(256))), [("bytes", bytes(range(256)))], START + 10),
        ("schlüssel".encode(), "wert ✓".encode(), [("same", b"1"), ("same", b"2"), ("ü", "ß".encode())], START + 5),
        (None, None, [], START + 6),
        (b"large", rng.randbytes(60_000), [], START + 7),
        (b"repeats", b"abcdefgh" * 20_000, [], START + 8),
    ]
    return records + [(b"k%d" % i, b"v%d" % i * (i % 7), [("n", b"%d" % i)], START + 1000 + i) for i in range(200)]


def plain_records(count, start=0, size=20):
    """What kcat can write too: keys and values of one line of text, no times of their own."""
    return [(b"k%05d" % i, (b"v%05d " % i).ljust(size, b"."), [("from", b"kcat"), ("two", b"2")], None) for i in range(start, start + count)]


def digest(records):
    """A checksum of keys, values and headers."""
    return zlib.crc32(repr([(r[0], r[1], r[2]) for r in records]).encode())


def topic(name="t", partitions=1, **configs):
    """Creates a topic of an own name."""
    full = f"{name}-{RUN}-{uuid.uuid4().hex[:6]}"
    new = confluent_admin.NewTopic(full, partitions, 1, config={key.replace("_", "."): str(value) for key, value in configs.items()})
    confluent_administrator().create_topics([new], operation_timeout=10)[full].result(20)
    return full


_administrator = []


def confluent_administrator():
    if not _administrator:
        _administrator.append(confluent_admin.AdminClient({"bootstrap.servers": BOOTSTRAP}))
    return _administrator[0]


def python_administrator():
    return kafka.KafkaAdminClient(bootstrap_servers=BOOTSTRAP, request_timeout_ms=20_000)


def confluent_code(call):
    """The error code of a call that should fail, or 0."""
    try:
        call()
    except confluent.KafkaException as failure:
        return failure.args[0].code()
    return 0


def python_code(call):
    try:
        call()
    except kafka.errors.KafkaError as failure:
        return failure.errno
    return 0


def need_codec(client, codec):
    module = MODULES.get(codec)
    if client == "python" and module and not importlib.util.find_spec(module):
        raise LeftOut(f"kafka-python needs the package {module} for {codec}")


def need_kcat():
    if not shutil.which("kcat"):
        raise LeftOut("kcat is not installed (Debian: kcat)")


# What each client does: produce(topic, partition, records, acks, codec, idempotent) -> offsets; consume -> [(offset, time, record)].

def confluent_produce(name, partition, records, acks="all", codec="none", idempotent=False, **more):
    reports = []
    settings = {"bootstrap.servers": BOOTSTRAP, "acks": acks, "compression.type": codec, "linger.ms": 20, "message.timeout.ms": 20_000, **more}
    if idempotent:
        settings["enable.idempotence"] = True
    producer = confluent.Producer(settings)
    for key, value, headers, when in records:
        extra = {} if when is None else {"timestamp": when}
        producer.produce(name, value, key, partition=partition, headers=headers or None, on_delivery=lambda e, m: reports.append((e, m)), **extra)
    left = producer.flush(30)
    expect(left, 0, "records without an answer")
    for failure, _ in reports:
        if failure:
            raise confluent.KafkaException(failure)
    return [message.offset() for _, message in reports]


def confluent_consume(name, partition, start, count, seconds=20, **more):
    """start: an offset, confluent.OFFSET_BEGINNING or confluent.OFFSET_END - n."""
    consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"unused-{RUN}", "enable.auto.commit": False,
                                   "auto.offset.reset": "error", **more})
    try:
        consumer.assign([confluent.TopicPartition(name, partition, start)])
        found, end = [], time.monotonic() + seconds
        while len(found) < count and time.monotonic() < end:
            for message in consumer.consume(count - len(found), 0.5):
                if message.error():
                    raise confluent.KafkaException(message.error())
                found.append((message.offset(), message.timestamp()[1], (message.key(), message.value(), message.headers() or [])))
        return found
    finally:
        consumer.close()


def python_produce(name, partition, records, acks="all", codec="none", idempotent=False, **more):
    producer = kafka.KafkaProducer(bootstrap_servers=BOOTSTRAP, acks={"all": "all"}.get(acks) or int(acks), linger_ms=20, enable_idempotence=idempotent,
                                   compression_type=None if codec == "none" else codec, **more)
    try:
        futures = [producer.send(name, value=value, key=key, headers=headers, partition=partition, timestamp_ms=when)
                   for key, value, headers, when in records]
        producer.flush(30)
        return [future.get(20).offset for future in futures]
    finally:
        producer.close(timeout=10)


def python_consume(name, partition, start, count, seconds=20, **more):
    consumer = kafka.KafkaConsumer(bootstrap_servers=BOOTSTRAP, auto_offset_reset="none", enable_auto_commit=False, **more)
    try:
        where = kafka.TopicPartition(name, partition)
        consumer.assign([where])
        consumer.seek_to_beginning(where) if start == confluent.OFFSET_BEGINNING else consumer.seek(where, start)
        found, end = [], time.monotonic() + seconds
        while len(found) < count and time.monotonic() < end:
            for batch in consumer.poll(timeout_ms=500).values():
                found += [(r.offset, r.timestamp, (r.key, r.value, list(r.headers))) for r in batch]
        return found[:count]
    finally:
        consumer.close()


def kcat(*arguments, data=None, seconds=30):
    need_kcat()
    done = subprocess.run(["kcat", "-b", BOOTSTRAP, *arguments], input=data, capture_output=True, timeout=seconds)
    if done.returncode:
        raise AssertionError(f"kcat {' '.join(arguments)}: status {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout


def kcat_produce(name, partition, records, acks="all", codec="none", idempotent=False, **more):
    """All records with the headers of the first, since kcat has them for a whole run; an empty value is written as null."""
    headers = [part for header, value in records[0][2] for part in ("-H", f"{header}={value.decode()}")]
    settings = {"acks": acks, "linger.ms": 20, **more}
    if idempotent:
        settings["enable.idempotence"] = "true"
    kcat("-P", "-t", name, "-p", str(partition), "-K", "|", "-Z", *headers, *[part for pair in settings.items() for part in ("-X", "%s=%s" % pair)],
         "-z", codec, data=b"".join(key + b"|" + (value or b"") + b"\n" for key, value, _, _ in records))
    return None


def kcat_consume(name, partition, start, count, seconds=20, **more):
    """Headers come as text, n=v,n=v; so only those without commas compare."""
    where = "beginning" if start == confluent.OFFSET_BEGINNING else str(start)
    settings = [part for key, value in more.items() for part in ("-X", f"{key}={value}")]
    output = kcat("-C", "-t", name, "-p", str(partition), "-o", where, "-c", str(count), "-e", "-q", *settings, "-f", "%o %T %K %S %h\\n%k%s", seconds=seconds + 10)
    found, at = [], 0
    while at < len(output):
        line_end = at
        fields = []
        for _ in range(4):
            space = output.index(b" ", line_end)
            fields.append(int(output[line_end:space]))
            line_end = space + 1
        offset, when, key_size, value_size = fields
        # Header values may hold line ends themselves; the next record is found by its size, so only the last header is cut.
        cut = output.index(b"\n", line_end)
        headers = output[line_end:cut]
        at = cut + 1
        key = None if key_size < 0 else output[at:at + key_size]
        at += max(key_size, 0)
        value = None if value_size < 0 else output[at:at + value_size]
        at += max(value_size, 0)
        found.append((offset, when, (key, value, headers)))
    return found


def kcat_headers(headers):
    return b",".join(name.encode() + b"=" + (b"NULL" if value is None else value) for name, value in headers)


PRODUCE = {"confluent": confluent_produce, "python": python_produce, "kcat": kcat_produce}
CONSUME = {"confluent": confluent_consume, "python": python_consume, "kcat": kcat_consume}


def end_offset(name, partition=0):
    consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"unused-{RUN}"})
    try:
        return consumer.get_watermark_offsets(confluent.TopicPartition(name, partition), timeout=10)[1]
    finally:
        consumer.close()


# Produce and consume.

def agree(found, records, reader):
    """Compares what was read with what was written; returns a digest of it."""
    expect([offset for offset, _, _ in found], list(range(len(records))), "offsets")
    for (offset, when, (key, value, headers)), (wrote_key, wrote_value, wrote_headers, wrote_when) in zip(found, records):
        expect((key, value), (wrote_key, wrote_value), f"key and value at offset {offset}")
        if reader == "kcat":
            expect(headers, kcat_headers(wrote_headers), f"headers at offset {offset}")
        else:
            expect([tuple(h) for h in headers], wrote_headers, f"headers at offset {offset}")
        if wrote_when is not None:
            expect(when, wrote_when, f"timestamp at offset {offset}")
        elif abs(when - time.time() * 1000) > 120_000:
            raise AssertionError(f"timestamp at offset {offset}: {when} is not of now")
    return digest(records)


@every("crossing.{writer}-writes-{codec}", writer=CLIENTS, codec=CODECS)
def crossing(writer, codec):
    need_codec(writer, codec)
    if writer == "kcat":
        records = plain_records(300)
        records[7] = (records[7][0], None, records[7][2], None)
        readers = CLIENTS
    else:
        records, readers = sample_records(), CLIENTS
        if writer == "python":  # it refuses headers that are null, and records without key and value
            records = [(key, value, [(h, v or b"") for h, v in headers], when) for key, value, headers, when in records if (key, value) != (None, None)]
    name = topic("crossing")
    PRODUCE[writer](name, 0, records, codec=codec)
    found = {}
    for reader in readers:
        try:
            need_codec(reader, codec)
        except LeftOut:
            continue
        # kcat prints headers as text: what holds a line end cannot be told apart there.
        if reader == "kcat" and writer != "kcat":
            read = kcat_consume(name, 0, 0, 4) + kcat_consume(name, 0, 5, len(records))
            whole = [r for i, r in enumerate(records) if i != 4]
            expect([(o, w, k, v) for o, w, (k, v, _) in read], [(i, r[3], r[0], r[1]) for i, r in enumerate(records) if i != 4], "kcat's reading")
            found[reader] = digest(whole)
        else:
            found[reader] = agree(CONSUME[reader](name, 0, 0, len(records)), records, reader)
    return found if importlib.util.find_spec("snappy") else {"confluent": found["confluent"]}


@every("produce.{client}-acks-{acks}", client=CLIENTS, acks=("0", "1", "all"))
def produce_acks(client, acks):
    name, records = topic("acks"), plain_records(100)
    offsets = PRODUCE[client](name, 0, records, acks=acks)
    if offsets and acks != "0":
        expect(offsets, list(range(100)), "offsets told to the producer")
    wait_until(lambda: end_offset(name) == 100, "the end offset is 100")
    return agree(confluent_consume(name, 0, 0, 100), records, "confluent")


@every("produce.{client}-idempotent", client=CLIENTS)
def produce_idempotent(client):
    name, records = topic("idempotent"), plain_records(2000)
    PRODUCE[client](name, 0, records, idempotent=True)
    expect(end_offset(name), 2000, "end offset")
    return agree(confluent_consume(name, 0, 0, 2000), records, "confluent")


@every("produce.{client}-spread-over-partitions", client=("confluent", "python"))
def produce_spread(client):
    """Keys go to partitions by the client's hash, thousands of small batches."""
    name = topic("spread", 4)
    if client == "confluent":
        producer = confluent.Producer({"bootstrap.servers": BOOTSTRAP, "partitioner": "murmur2_random", "batch.num.messages": 7, "linger.ms": 1})
        for i in range(3000):
            producer.produce(name, b"v%d" % i, b"k%d" % (i % 50))
        expect(producer.flush(30), 0, "unanswered")
    else:
        producer = kafka.KafkaProducer(bootstrap_servers=BOOTSTRAP, batch_size=300)
        for i in range(3000):
            producer.send(name, b"v%d" % i, b"k%d" % (i % 50))
        producer.flush(30)
        producer.close()
    return [end_offset(name, partition) for partition in range(4)]


@every("produce.{client}-unknown-topic", client=("confluent", "python"))
def produce_unknown(client):
    if client == "confluent":
        code = confluent_code(lambda: confluent_produce(f"unknown-{RUN}", 0, plain_records(1), **{"topic.metadata.propagation.max.ms": 1000, "message.timeout.ms": 4000}))
        return expect(code in (confluent.KafkaError.UNKNOWN_TOPIC_OR_PART, confluent.KafkaError._UNKNOWN_TOPIC, confluent.KafkaError._UNKNOWN_PARTITION), True,
                      f"code {code} is that of an unknown topic")
    try:
        python_produce(f"unknown-{RUN}", 0, plain_records(1), max_block_ms=3000)
    except kafka.errors.KafkaError as failure:
        return type(failure).__name__
    raise AssertionError("an unknown topic was written to")


@every("produce.{client}-too-large", client=("confluent", "python"))
def produce_too_large(client):
    name = topic("small", max_message_bytes=1000)
    large, small = [(b"k", b"x" * 5000, [], None)], plain_records(3)
    code = (confluent_code if client == "confluent" else python_code)(lambda: PRODUCE[client](name, 0, large))
    PRODUCE[client](name, 0, small)
    return [expect(code, 10, "error code"), expect(end_offset(name), 3, "end offset after it")]


@check("produce.largest-allowed")
def produce_largest():
    name = topic("large", max_message_bytes=5_000_000)
    records = [(b"k", random.Random(1).randbytes(4_000_000), [], None)]
    confluent_produce(name, 0, records, **{"message.max.bytes": 5_000_000})
    # A consumer that fetches less than the batch gets it all the same.
    return agree(confluent_consume(name, 0, 0, 1, **{"fetch.message.max.bytes": 1000, "fetch.max.bytes": 5_000_000, "message.max.bytes": 4_500_000}), records, "confluent")


@every("produce.{client}-null-key-to-no-partition", client=("confluent", "python"))
def produce_no_partition(client):
    name = topic("partition", 2)
    if client == "confluent":
        code = confluent_code(lambda: confluent_produce(name, 7, plain_records(1), **{"message.timeout.ms": 5000}))
        return expect(code, confluent.KafkaError._UNKNOWN_PARTITION, "error code")
    producer = kafka.KafkaProducer(bootstrap_servers=BOOTSTRAP, max_block_ms=3000)
    try:
        producer.send(name, b"x", partition=7).get(10)
    except (AssertionError, ValueError, kafka.errors.KafkaError) as failure:
        return type(failure).__name__
    finally:
        producer.close(timeout=5)
    raise AssertionError("partition 7 of 2 was written to")


@check("produce.invalid-timestamp")
def produce_invalid_timestamp():
    name = topic("times", message_timestamp_after_max_ms=60_000)
    future = int(time.time() * 1000) + 3_600_000
    code = confluent_code(lambda: confluent_produce(name, 0, [(b"k", b"v", [], future)]))
    return [expect(code, 32, "error code"), expect(end_offset(name), 0, "end offset")]


@check("produce.log-append-time")
def produce_append_time():
    name = topic("appended", message_timestamp_type="LogAppendTime")
    confluent_produce(name, 0, [(b"k", b"v", [], START)] * 3)
    kinds, now = set(), time.time() * 1000
    consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"unused-{RUN}"})
    consumer.assign([confluent.TopicPartition(name, 0, 0)])
    for message in consumer.consume(3, 10):
        kind, when = message.timestamp()
        kinds.add(kind)
        if abs(when - now) > 60_000:
            raise AssertionError(f"append time {when}, now {now}")
    consumer.close()
    python_times = {abs(when - now) < 60_000 for _, when, _ in python_consume(name, 0, 0, 3)}
    return [expect(kinds, {confluent.TIMESTAMP_LOG_APPEND_TIME}, "kinds of timestamp") and "append", expect(python_times, {True}, "times kafka-python sees") and "now"]


def thousand(partitions=1):
    """A topic whose record i has the time START + 10 i."""
    name = topic("thousand", partitions)
    for partition in range(partitions):
        confluent_produce(name, partition, [(b"%d" % i, b"value %d" % i, [], START + 10 * i) for i in range(1000)], **{"batch.num.messages": 64})
    return name


@every("consume.{client}-from-beginning-and-middle", client=CLIENTS)
def consume_positions(client):
    name = thousand()
    first = CONSUME[client](name, 0, confluent.OFFSET_BEGINNING, 1000)
    expect([(o, w, k) for o, w, (k, _, _) in first], [(i, START + 10 * i, b"%d" % i) for i in range(1000)], "all records")
    middle = CONSUME[client](name, 0, 777, 5)
    return expect([o for o, _, _ in middle], [777, 778, 779, 780, 781], "from the middle")


@check("consume.confluent-from-time")
def consume_time_confluent():
    name = thousand(2)
    consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"unused-{RUN}"})
    times = [START - 5, START, START + 1, START + 9990, START + 9991, START + 4321]
    found = []
    for when in times:
        asked = [confluent.TopicPartition(name, partition, when) for partition in (0, 1)]
        found.append([p.offset for p in consumer.offsets_for_times(asked, timeout=10)])
    consumer.close()
    end = confluent.OFFSET_END
    return expect(found, [[0, 0], [0, 0], [1, 1], [999, 999], [end, end], [433, 433]], "offsets")


@check("consume.python-from-time")
def consume_time_python():
    name = thousand()
    consumer = kafka.KafkaConsumer(bootstrap_servers=BOOTSTRAP)
    where = kafka.TopicPartition(name, 0)
    found = []
    for when in (START - 5, START, START + 1, START + 9990, START + 9991):
        entry = consumer.offsets_for_times({where: when})[where]
        found.append(entry and [entry.offset, entry.timestamp])
    ends = [consumer.beginning_offsets([where])[where], consumer.end_offsets([where])[where]]
    consumer.close()
    return expect([found, ends], [[[0, START], [0, START], [1, START + 10], [999, START + 9990], None], [0, 1000]], "offsets and times")


@check("consume.kcat-from-time")
def consume_time_kcat():
    name = thousand()
    lines = [kcat("-Q", "-t", f"{name}:0:{when}").decode().split()[-2:] for when in (START, START + 4321, START + 9991)]
    read = kcat("-C", "-t", name, "-p", "0", "-o", f"s@{START + 9981}", "-e", "-q", "-f", "%o ").decode().split()
    tail = kcat("-C", "-t", name, "-p", "0", "-o", "-3", "-e", "-q", "-f", "%o ").decode().split()
    return [[line[-1] for line in lines], expect(read, ["999"], "from a time"), expect(tail, ["997", "998", "999"], "the last three")]


@every("consume.time-inside-a-{codec}-batch", codec=CODECS)
def consume_time_inside(codec):
    """The offset is the record's, not the batch's; times need not rise."""
    name = topic("inside")
    steps = [0, 50, 20, 90, 60, 130, 100]
    confluent_produce(name, 0, [(b"k", b"v", [], START + step) for step in steps], codec=codec, **{"linger.ms": 200})
    consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"unused-{RUN}"})
    found = [consumer.offsets_for_times([confluent.TopicPartition(name, 0, START + at)], timeout=10)[0].offset for at in (0, 1, 51, 91, 130)]
    consumer.close()
    return expect(found, [0, 1, 3, 5, 5], "offsets")


@every("consume.{client}-out-of-range", client=("confluent", "python"))
def consume_out_of_range(client):
    name = topic("range")
    confluent_produce(name, 0, plain_records(5))
    if client == "python":
        try:
            python_consume(name, 0, 1000, 1, seconds=10)
        except (kafka.errors.OffsetOutOfRangeError, kafka.errors.NoOffsetForPartitionError) as failure:
            return type(failure).__name__
        raise AssertionError("no error for offset 1000 of 5")
    code = confluent_code(lambda: confluent_consume(name, 0, 1000, 1, seconds=10))
    return expect(code, confluent.KafkaError._AUTO_OFFSET_RESET, "error code")


@every("consume.{client}-unknown-topic", client=("confluent", "python"))
def consume_unknown(client):
    if client == "confluent":
        member = Member(group_name("unknown"), f"unknown-{RUN}")
        try:
            code = confluent_code(lambda: poll_until([member], lambda: False, "an error for an unknown topic", 15))
        finally:
            member.close()
        return expect(code, confluent.KafkaError.UNKNOWN_TOPIC_OR_PART, "error code")
    consumer = kafka.KafkaConsumer(bootstrap_servers=BOOTSTRAP, allow_auto_create_topics=False)
    found = consumer.partitions_for_topic(f"unknown-{RUN}")
    consumer.close()
    return expect(bool(found), False, "it has partitions")


@every("consume.{client}-long-poll", client=("confluent", "python"))
def consume_long_poll(client):
    """A waiting fetch gives a new record at once, well before its time is up."""
    name = topic("poll")
    confluent_produce(name, 0, plain_records(1))
    seen = []
    if client == "confluent":
        consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"unused-{RUN}", "fetch.wait.max.ms": 8000, "fetch.min.bytes": 1})
        consumer.assign([confluent.TopicPartition(name, 0, 0)])
        seen.append(consumer.poll(10).offset())
        consumer.poll(1)
        begun = time.monotonic()
        confluent_produce(name, 0, plain_records(1), **{"linger.ms": 0})
        seen.append(consumer.poll(10).offset())
    else:
        consumer = kafka.KafkaConsumer(bootstrap_servers=BOOTSTRAP, fetch_max_wait_ms=8000, fetch_min_bytes=1)
        where = kafka.TopicPartition(name, 0)
        consumer.assign([where])
        consumer.seek(where, 0)
        seen += [r.offset for batch in consumer.poll(timeout_ms=10_000).values() for r in batch]
        consumer.poll(timeout_ms=1000)
        begun = time.monotonic()
        confluent_produce(name, 0, plain_records(1), **{"linger.ms": 0})
        seen += [r.offset for batch in consumer.poll(timeout_ms=10_000).values() for r in batch]
    waited = time.monotonic() - begun
    consumer.close()
    expect(seen, [0, 1], "offsets")
    if waited > 4:
        raise AssertionError(f"the record came after {waited:.1f} s")
    return seen


@check("consume.read-committed")
def consume_read_committed():
    name, records = topic("committed"), plain_records(50)
    confluent_produce(name, 0, records)
    return [agree(confluent_consume(name, 0, 0, 50, **{"isolation.level": level}), records, "confluent") for level in ("read_committed", "read_uncommitted")]


# Groups.

class Member:
    """A confluent-kafka consumer of a group; poll() until a condition holds."""

    def __init__(self, group, *topics, **settings):
        self.seen, self.assigned, self.revoked, self.lost = [], 0, 0, 0
        self.consumer = confluent.Consumer({
            "bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
            "session.timeout.ms": 10_000, "heartbeat.interval.ms": 500, **{key.replace("_", "."): value for key, value in settings.items()}})
        self.consumer.subscribe(list(topics), on_assign=self.on_assign, on_revoke=self.on_revoke)

    def on_assign(self, _, partitions):
        self.assigned += len(partitions)

    def on_revoke(self, _, partitions):
        self.revoked += len(partitions)

    def poll(self, seconds=0.05):
        for message in self.consumer.consume(500, seconds):
            if message.error():
                raise confluent.KafkaException(message.error())
            self.seen.append((message.partition(), message.offset()))

    def commit(self):
        self.consumer.commit(asynchronous=False)

    def partitions(self):
        return sorted(p.partition for p in self.consumer.assignment())

    def close(self):
        self.consumer.close()


class PythonMember:
    """A kafka-python consumer in a thread of its own: it joins anew whenever a poll ends in the middle of a join, so polls are long."""

    def __init__(self, group, *topics, **settings):
        self.seen, self.failure, self.wishes, self.stopping = [], None, queue.Queue(), threading.Event()
        self.consumer = kafka.KafkaConsumer(*topics, bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                                            session_timeout_ms=10_000, heartbeat_interval_ms=500, **settings)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                for batch in self.consumer.poll(timeout_ms=2500).values():
                    self.seen += [(r.partition, r.offset) for r in batch]
                while not self.wishes.empty():
                    offsets, done = self.wishes.get()
                    self.consumer.commit(offsets)
                    done.set()
        except Exception as failure:
            self.failure = failure
        finally:
            self.consumer.close()

    def poll(self):
        if self.failure:
            raise self.failure

    def commit(self, offsets=None):
        done = threading.Event()
        self.wishes.put((offsets, done))
        if not done.wait(20):
            self.poll()
            raise AssertionError("kafka-python did not commit within 20 s")

    def partitions(self):
        return sorted(p.partition for p in list(self.consumer.assignment()))

    def close(self):
        self.stopping.set()
        self.thread.join(20)


def group_name(kind):
    return f"{kind}-{RUN}-{uuid.uuid4().hex[:6]}"


def poll_until(members, condition, what, seconds=40):
    """condition() looks at the members; all are polled meanwhile."""
    def look():
        for member in members:
            member.poll()
        return condition()
    return wait_until(look, lambda: f"{what}; members have {[m.partitions() for m in members]} and read {[len(m.seen) for m in members]}", seconds)


def shared(members, count):
    """All partitions have one owner each, and no member is without."""
    owned = [m.partitions() for m in members]
    return all(owned) and sorted(sum(owned, [])) == list(range(count))


KINDS = {
    "confluent-eager": lambda group, name, **more: Member(group, name, partition_assignment_strategy="range", **more),
    "confluent-cooperative": lambda group, name, **more: Member(group, name, partition_assignment_strategy="cooperative-sticky", **more),
    "python-eager": lambda group, name: PythonMember(group, name),
}


def python_cooperative():
    try:
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
    except ImportError:
        raise LeftOut("this kafka-python has no cooperative assignor") from None
    return CooperativeStickyAssignor


@every("group.{kind}-join-commit-leave-resume", kind=tuple(KINDS))
def group_life(kind):
    name, group = topic("group", 4), group_name("life")
    for partition in range(4):
        confluent_produce(name, partition, plain_records(100))
    one = KINDS[kind](group, name)
    poll_until([one], lambda: len(one.seen) == 400, "the first member reads 400 records")
    expect(one.partitions(), [0, 1, 2, 3], "the only member's partitions")
    one.commit()
    two = KINDS[kind](group, name)
    poll_until([one, two], lambda: shared([one, two], 4) and len(one.partitions()) == 2, "two members share four partitions")
    for partition in range(4):
        confluent_produce(name, partition, plain_records(50, 100))
    poll_until([one, two], lambda: len(set(one.seen + two.seen)) == 600, "both read what is new")
    expect(len(one.seen) + len(two.seen), 600, "records read by both together")
    one.commit()
    two.commit()
    one.close()
    poll_until([two], lambda: two.partitions() == [0, 1, 2, 3], "the other takes over what the leaving member had", 30)
    two.close()
    three = KINDS[kind](group, name)
    confluent_produce(name, 2, plain_records(1, 150))
    poll_until([three], lambda: three.seen, "a later member resumes")
    three.close()
    return expect(three.seen, [(2, 150)], "what a later member reads first")


@check("group.python-cooperative-share-and-take-over")
def group_python_cooperative():
    """Only assignments: kafka-python 3.0 stops reading what it keeps over a cooperative rebalance, from an Apache Kafka as well."""
    name, group = topic("cooperative", 4), group_name("cooperative")
    one, two = [PythonMember(group, name, partition_assignment_strategy=[python_cooperative()]) for _ in range(2)]
    poll_until([one, two], lambda: shared([one, two], 4) and len(one.partitions()) == 2, "two members share four partitions")
    one.close()
    poll_until([two], lambda: two.partitions() == [0, 1, 2, 3], "the other takes over", 30)
    two.close()
    return "taken over"


@check("group.mixed-clients")
def group_mixed():
    """confluent-kafka, kafka-python and kcat in one group, each with a share."""
    need_kcat()
    name, group = topic("mixed", 6), group_name("mixed")
    one, two = Member(group, name, partition_assignment_strategy="range"), PythonMember(group, name)
    other = subprocess.Popen(["kcat", "-b", BOOTSTRAP, "-G", group, "-q", "-u", "-f", "%p %o\\n", "-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=500",
                              "-X", "partition.assignment.strategy=range", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        poll_until([one, two], lambda: len(one.partitions()) == len(two.partitions()) == 2, "two of six partitions each")
        for partition in range(6):
            confluent_produce(name, partition, plain_records(10))
        poll_until([one, two], lambda: len(one.seen) == len(two.seen) == 20, "20 records each")
        rest = sorted(set(range(6)) - set(one.partitions()) - set(two.partitions()))
        lines = sorted(tuple(int(f) for f in other.stdout.readline().split()) for _ in range(20))
        expect(lines, [(p, o) for p in rest for o in range(10)], "what kcat read")
        other.send_signal(signal.SIGTERM)
        other.wait(10)
        poll_until([one, two], lambda: shared([one, two], 6), "kcat's share is taken over")
        return [len(one.partitions()), len(two.partitions())]
    finally:
        other.kill()
        other.wait()
        one.close()
        two.close()


@check("group.crashed-member")
def group_crash():
    """A member that is killed keeps its share until its session ends, no longer."""
    need_kcat()
    name, group = topic("crash", 4), group_name("crash")
    one = Member(group, name, partition_assignment_strategy="range")
    other = subprocess.Popen(["kcat", "-b", BOOTSTRAP, "-G", group, "-q", "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500",
                              "-X", "partition.assignment.strategy=range", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        poll_until([one], lambda: len(one.partitions()) == 2, "two members share")
        time.sleep(1)
        other.kill()
        other.wait()
        begun = time.monotonic()
        poll_until([one], lambda: len(one.partitions()) == 4, "the share of the killed is taken over", 20)
        took = time.monotonic() - begun
        if not 3 < took < 12:
            raise AssertionError(f"taken over after {took:.1f} s, with a session of 6 s")
        return "taken over when the session ended"
    finally:
        other.kill()
        one.close()


@check("group.max-poll-exceeded")
def group_max_poll():
    """A member that stops polling leaves; the other gets all."""
    name, group = topic("maxpoll", 2), group_name("maxpoll")
    one = Member(group, name)
    two = Member(group, name, session_timeout_ms=6000, max_poll_interval_ms=6000)
    poll_until([one, two], lambda: shared([one, two], 2), "two members share")
    poll_until([one], lambda: one.partitions() == [0, 1], "the other takes over", 25)
    try:
        two.poll(1)
        code = 0
    except confluent.KafkaException as failure:
        code = failure.args[0].code()
    one.close()
    two.close()
    return expect(code, confluent.KafkaError._MAX_POLL_EXCEEDED, "the code the silent member sees")


@check("group.static-member-returns")
def group_static():
    """A static member that goes and comes back within its session gets its share; the other is not disturbed."""
    name, group = topic("static", 4), group_name("static")
    one = Member(group, name, group_instance_id="one", session_timeout_ms=30_000)
    two = Member(group, name, group_instance_id="two", session_timeout_ms=30_000)
    poll_until([one, two], lambda: shared([one, two], 4), "two members share")
    had, undisturbed = two.partitions(), (one.assigned, one.revoked)
    two.close()
    for _ in range(20):
        one.poll(0.1)
    expect((one.assigned, one.revoked), undisturbed, "what the other was assigned and lost while it was away")
    two = Member(group, name, group_instance_id="two", session_timeout_ms=30_000)
    poll_until([one, two], lambda: two.partitions() == had, "the returning member has its share again", 15)
    expect((one.assigned, one.revoked), undisturbed, "what the other was assigned and lost since")
    described = confluent_administrator().describe_consumer_groups([group])[group].result(10)
    instances = sorted(member.group_instance_id for member in described.members)
    one.close()
    two.close()
    return expect(instances, ["one", "two"], "instances described")


@check("group.static-member-fenced")
def group_fenced():
    """A second process with the same instance id takes its place; the first learns that it is fenced."""
    name, group = topic("fenced", 2), group_name("fenced")
    one = Member(group, name, group_instance_id="same")
    poll_until([one], lambda: one.partitions() == [0, 1], "the first has all")
    two = Member(group, name, group_instance_id="same")
    code = []

    def look():
        try:
            one.poll(0.1)
        except confluent.KafkaException as failure:
            code.append((failure.args[0].code(), failure.args[0].fatal()))
        two.poll(0.1)
        return code and two.partitions() == [0, 1]
    wait_until(look, "the first is fenced and the second has all", 25)
    two.close()
    one.close()
    return expect(code[0][0], confluent.KafkaError._FATAL, "the error of the first") and "fatal"


@check("group.inconsistent-protocol")
def group_inconsistent():
    name, group = topic("inconsistent", 2), group_name("inconsistent")
    one = Member(group, name, partition_assignment_strategy="range")
    poll_until([one], lambda: one.partitions() == [0, 1], "the first has all")
    two = Member(group, name, partition_assignment_strategy="cooperative-sticky")
    code = []

    def look():
        one.poll(0.05)
        try:
            two.poll(0.05)
        except confluent.KafkaException as failure:
            code.append(failure.args[0].code())
        return code
    wait_until(look, "the second is refused", 20)
    still = one.partitions()
    two.close()
    one.close()
    return [expect(code[0], 23, "code"), expect(still, [0, 1], "the first keeps")]


@check("group.commits-and-metadata")
def group_commits():
    """What one client commits, the others see; metadata too."""
    name, group = topic("commits", 3), group_name("commits")
    consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": group})
    consumer.commit(offsets=[confluent.TopicPartition(name, 0, 42, metadata="its own"), confluent.TopicPartition(name, 1, 7)], asynchronous=False)
    seen = [[p.offset, p.metadata or ""] for p in consumer.committed([confluent.TopicPartition(name, i) for i in range(3)], timeout=10)]
    consumer.close()
    expect(seen, [[42, "its own"], [7, ""], [confluent.OFFSET_INVALID, ""]], "offsets as confluent-kafka sees them")
    other = kafka.KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group)
    parts = [kafka.TopicPartition(name, i) for i in range(3)]
    python_seen = [other.committed(part) for part in parts]
    other.commit({parts[2]: kafka.OffsetAndMetadata(3, "m", -1)})
    other.close(autocommit=False)
    administrator = python_administrator()
    # confluent-kafka writes the zero byte that ends a C string too.
    listed = {part.partition: [entry.offset, entry.metadata.rstrip("\0")] for part, entry in administrator.list_group_offsets(group)[group].items()}
    administrator.close()
    expect(listed, {0: [42, "its own"], 1: [7, ""], 2: [3, "m"]}, "offsets as the administrator sees them")
    return [seen, python_seen]


@check("group.kcat-commits-and-resumes")
def group_kcat():
    name, group = topic("kcat", 1), group_name("kcat")
    confluent_produce(name, 0, plain_records(10))
    first = kcat("-G", group, "-q", "-e", "-X", "auto.offset.reset=earliest", "-f", "%o ", name, seconds=40).decode().split()
    confluent_produce(name, 0, plain_records(5, 10))
    second = kcat("-G", group, "-q", "-e", "-X", "auto.offset.reset=earliest", "-f", "%o ", name, seconds=40).decode().split()
    return [expect(first, [str(i) for i in range(10)], "first run"), expect(second, [str(i) for i in range(10, 15)], "second run")]


@check("group.pattern-subscription")
def group_pattern():
    """A subscription by pattern takes up a topic that is created later."""
    prefix, group = f"pattern{uuid.uuid4().hex[:6]}", group_name("pattern")
    one = Member(group, f"^{prefix}.*", topic_metadata_refresh_interval_ms=500, partition_assignment_strategy="cooperative-sticky")
    first = topic(prefix)
    confluent_produce(first, 0, plain_records(3))
    poll_until([one], lambda: len(one.seen) == 3, "the first topic is read")
    second = topic(prefix)
    confluent_produce(second, 0, plain_records(4))
    poll_until([one], lambda: len(one.seen) == 7, "the second topic is read")
    one.close()
    return len(one.seen)


@check("group.grows-with-partitions")
def group_grows():
    name, group = topic("grows", 1), group_name("grows")
    one = Member(group, name, topic_metadata_refresh_interval_ms=500)
    poll_until([one], lambda: one.partitions() == [0], "one partition")
    confluent_administrator().create_partitions([confluent_admin.NewPartitions(name, 3)])[name].result(10)
    poll_until([one], lambda: one.partitions() == [0, 1, 2], "three partitions")
    one.close()
    return one.assigned >= 3


@check("group.rebalances-under-commits")
def group_churn():
    """Members come and go while records flow; what is committed never goes back and every record is seen."""
    name, group = topic("churn", 6), group_name("churn")
    for partition in range(6):
        confluent_produce(name, partition, plain_records(300))
    seen, best, members = set(), {}, []
    for turn in range(6):
        members.append(Member(group, name, partition_assignment_strategy="cooperative-sticky"))
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            for member in members:
                member.poll()
        if len(members) > 2:
            leaving = members.pop(0)
            leaving.close()
            seen |= set(leaving.seen)
        for member in members:
            try:
                for part in member.consumer.commit(asynchronous=False) or []:
                    if part.error is None and part.offset >= 0:
                        if part.offset < best.get(part.partition, 0):
                            raise AssertionError(f"partition {part.partition}: committed {part.offset} after {best[part.partition]}")
                        best[part.partition] = part.offset
            except confluent.KafkaException as failure:
                # Nothing to commit, or a rebalance has just begun.
                if failure.args[0].code() not in (confluent.KafkaError._NO_OFFSET, 27, 22, 25):
                    raise
    poll_until(members, lambda: len(seen.union(*[m.seen for m in members])) == 1800, "all records are seen", 30)
    for member in members:
        member.close()
    return 1800


# Administration.

def config_of(name, *keys):
    resource = confluent_admin.ConfigResource(confluent_admin.RESOURCE_TOPIC, name)
    found = confluent_administrator().describe_configs([resource])[resource].result(10)
    return {key: found[key].value for key in keys}


@check("admin.confluent-create-describe-delete-topics")
def admin_topics_confluent():
    administrator, name = confluent_administrator(), f"admin-{RUN}-a"
    administrator.create_topics([confluent_admin.NewTopic(name, 3, 1, config={"retention.ms": "86400000"})])[name].result(10)

    def create(*arguments, **more):
        new = confluent_admin.NewTopic(*arguments, **more)
        return confluent_code(lambda: administrator.create_topics([new])[new.topic].result(10))
    codes = {
        "exists": create(name, 1, 1),
        "bad name": create("bad name!", 1, 1),
        "too long a name": create("x" * 250, 1, 1),
        "dot name": create("..", 1, 1),
        "empty name": create("", 1, 1),
        "no partitions": create(f"{name}-0", 0, 1),
        "replication 3": create(f"{name}-3", 1, 3),
        "unknown config": create(f"{name}-u", 1, 1, config={"no.such.config": "1"}),
        "bad config value": create(f"{name}-v", 1, 1, config={"retention.ms": "soon"}),
        "bad config range": create(f"{name}-r", 1, 1, config={"segment.bytes": "-5"}),
        "two defaults": create(f"{name}-d"),
        "assignment": create(f"{name}-s", 2, replica_assignment=[[1], [1]]),
        "assignment to node 9": create(f"{name}-n", 1, replica_assignment=[[9]]),
    }
    validated = administrator.create_topics([confluent_admin.NewTopic(f"{name}-x", 1, 1)], validate_only=True)[f"{name}-x"]
    validated.result(10)
    listed = administrator.list_topics(timeout=10).topics
    expect(f"{name}-x" in listed, False, "a topic that was only validated is listed")
    expect(len(listed[name].partitions), 3, "partitions")
    described = administrator.describe_topics(confluent.TopicCollection([name]))[name].result(10)
    partitions = [[p.id, p.leader.id, [r.id for r in p.replicas], [r.id for r in p.isr]] for p in described.partitions]
    unknown = confluent_code(lambda: administrator.describe_topics(confluent.TopicCollection([f"{name}-none"]))[f"{name}-none"].result(10))
    for one in (name, f"{name}-d", f"{name}-s"):
        administrator.delete_topics([one], operation_timeout=10)[one].result(10)
    wait_until(lambda: name not in administrator.list_topics(timeout=10).topics, "the topic is gone")
    codes["delete unknown"] = confluent_code(lambda: administrator.delete_topics([name])[name].result(10))
    return [expect(codes, {"exists": 36, "bad name": 17, "too long a name": 17, "dot name": 17, "empty name": 17, "no partitions": 37, "replication 3": 38, "unknown config": 40,
                           "bad config value": 40, "bad config range": 40, "two defaults": 0, "assignment": 0, "assignment to node 9": 39, "delete unknown": 3}, "codes"),
            expect(partitions, [[i, 1, [1], [1]] for i in range(3)], "partitions described"), expect(unknown, 3, "describe unknown")]


@check("admin.python-create-describe-delete-topics")
def admin_topics_python():
    administrator, name = python_administrator(), f"admin-{RUN}-b"
    try:
        made = administrator.create_topics({name: {"num_partitions": 2, "replication_factor": 1, "configs": {"retention.ms": "60000"}}})["topics"][0]
        expect([made["num_partitions"], made["replication_factor"], made["error_code"]], [2, 1, 0], "answer")
        codes = [administrator.create_topics({one: more}, raise_errors=False)["topics"][0]["error_code"] for one, more in (
            (name, {"num_partitions": 1}), ("bad name!", {}), (f"{name}-p", {"num_partitions": 0}), (f"{name}-r", {"num_partitions": 1, "replication_factor": 2}),
            (f"{name}-c", {"configs": {"no.such.config": "1"}}))]
        described = administrator.describe_topics([name])[0]
        ids = [str(made["topic_id"]) == str(described["topic_id"]), str(made["topic_id"]) != str(uuid.UUID(int=0))]
        shape = [described["name"], len(described["partitions"]), described["is_internal"]]
        gone = administrator.delete_topics([name])
        again = administrator.delete_topics([name], raise_errors=False)
        key = "topics"
        return [codes, expect(ids, [True, True], "ids"), expect(shape, [name, 2, False], "described")[1:], gone[key][0]["error_code"], again[key][0]["error_code"]]
    finally:
        administrator.close()


@check("admin.recreated-topic-is-new")
def admin_recreate():
    administrator, name = python_administrator(), f"again-{RUN}"
    try:
        ids = []
        for _ in range(2):
            made = administrator.create_topics({name: {"num_partitions": 1}}, wait_for_metadata=True)["topics"][0]
            ids.append(str(made["topic_id"]))
            confluent_produce(name, 0, plain_records(3))
            expect(end_offset(name), 3, "end offset")
            administrator.delete_topics([name])
            wait_until(lambda: name not in confluent_administrator().list_topics(timeout=10).topics, "the topic is gone")
        return expect(ids[0] != ids[1], True, "the ids differ")
    finally:
        administrator.close()


@check("admin.delete-topic-by-id")
def admin_delete_by_id():
    administrator, name = python_administrator(), f"by-id-{RUN}"
    try:
        made = administrator.create_topics({name: {"num_partitions": 1}}, wait_for_metadata=True)["topics"][0]
        identity = uuid.UUID(str(made["topic_id"]))
        codes = [administrator.delete_topics([identity], raise_errors=False)["topics"][0]["error_code"]]
        wait_until(lambda: name not in confluent_administrator().list_topics(timeout=10).topics, "the topic is gone")
        codes.append(administrator.delete_topics([identity], raise_errors=False)["topics"][0]["error_code"])
        return expect(codes, [0, 100], "codes")
    finally:
        administrator.close()


@check("admin.create-partitions")
def admin_partitions():
    administrator, name = confluent_administrator(), topic("parts", 2)
    confluent_produce(name, 1, plain_records(4))

    def grow(one, count, **more):
        return confluent_code(lambda: administrator.create_partitions([confluent_admin.NewPartitions(one, count)], **more)[one].result(10))
    codes = [grow(name, 5, validate_only=True), grow(name, 4), grow(name, 4), grow(name, 3), grow(f"unknown-{RUN}", 3)]
    wait_until(lambda: len(administrator.list_topics(name, timeout=10).topics[name].partitions) == 4, "four partitions")
    confluent_produce(name, 3, plain_records(2))
    other = python_administrator()
    python = [other.create_partitions({name: count}, raise_errors=False).to_dict()["results"][0]["error_code"] for count in (6, 1)]
    other.close()
    return [expect(codes, [0, 0, 37, 37, 3], "codes"), expect(python, [0, 37], "kafka-python's codes"), [end_offset(name, p) for p in (1, 3)]]


@check("admin.confluent-configs")
def admin_configs_confluent():
    administrator, name = confluent_administrator(), topic("configs", retention_ms=12345)
    kind = confluent_admin.AlterConfigOpType

    def alter(key, value, operation, target=name, **more):
        entry = confluent_admin.ConfigEntry(key, value, incremental_operation=operation)
        resource = confluent_admin.ConfigResource(confluent_admin.RESOURCE_TOPIC, target, incremental_configs=[entry])
        return confluent_code(lambda: administrator.incremental_alter_configs([resource], **more)[resource].result(10))
    seen = [config_of(name, "retention.ms", "max.message.bytes", "cleanup.policy", "message.timestamp.type")]
    codes = [alter("retention.ms", "777000", kind.SET)]
    wait_until(lambda: config_of(name, "retention.ms") == {"retention.ms": "777000"}, "the new value is seen")
    codes += [alter("max.message.bytes", "2000", kind.SET, validate_only=True), alter("max.message.bytes", "3000", kind.SET)]
    wait_until(lambda: config_of(name, "max.message.bytes") == {"max.message.bytes": "3000"}, "the new size is seen")
    too_large = confluent_code(lambda: confluent_produce(name, 0, [(None, b"x" * 4000, [], None)]))
    codes += [alter("max.message.bytes", None, kind.DELETE)]
    wait_until(lambda: config_of(name, "max.message.bytes") == {"max.message.bytes": "1048588"}, "the default is seen again")
    fits = confluent_code(lambda: confluent_produce(name, 0, [(None, b"x" * 4000, [], None)]))
    bad = [alter("retention.ms", "soon", kind.SET), alter("no.such.config", "1", kind.SET), alter("retention.ms", "1", kind.SET, f"unknown-{RUN}"),
           alter("retention.ms", "5", kind.APPEND)]
    resource = confluent_admin.ConfigResource(confluent_admin.RESOURCE_TOPIC, name)
    entry = administrator.describe_configs([resource])[resource].result(10)
    sources = [[entry[key].source, entry[key].is_default, entry[key].is_read_only, entry[key].is_sensitive] for key in ("retention.ms", "max.message.bytes")]
    unknown = confluent_admin.ConfigResource(confluent_admin.RESOURCE_TOPIC, f"unknown-{RUN}")
    return [seen, expect(codes, [0, 0, 0, 0], "codes"), expect([too_large, fits], [10, 0], "size limit as altered"), expect(bad, [40, 40, 3, 40], "codes of bad requests"), sources,
            expect(confluent_code(lambda: administrator.describe_configs([unknown])[unknown].result(10)), 3, "describe unknown")]


@check("admin.python-configs")
def admin_configs_python():
    administrator, name = python_administrator(), topic("configs")
    kind = kafka.admin.ConfigResourceType.TOPIC
    try:
        def value(key):
            found = administrator.describe_configs([kafka.admin.ConfigResource(kind, name)], config_filter="all")["topic"][name][key]
            return [found["value"], found["config_source"]]
        before = value("retention.bytes")
        administrator.alter_configs([kafka.admin.ConfigResource(kind, name, configs={"retention.bytes": "4096"})])
        wait_until(lambda: value("retention.bytes")[0] == "4096", "the new value is seen")
        after = value("retention.bytes")
        administrator.alter_configs([kafka.admin.ConfigResource(kind, name, configs={"retention.bytes": ("DELETE", None)})])
        wait_until(lambda: value("retention.bytes") == before, "the default is seen again")
        return [before, after]
    finally:
        administrator.close()


@check("admin.broker-configs")
def admin_broker_configs():
    resource = confluent_admin.ConfigResource(confluent_admin.RESOURCE_BROKER, "1")
    found = confluent_administrator().describe_configs([resource])[resource].result(10)
    return expect(bool(found), True, "some configs of the broker")


@check("admin.describe-cluster")
def admin_cluster():
    host, _, port = BOOTSTRAP.rpartition(":")
    described = confluent_administrator().describe_cluster().result(10)
    metadata = confluent_administrator().list_topics(timeout=10)
    administrator = python_administrator()
    python = administrator.describe_cluster()
    administrator.close()
    text = json.loads(kcat("-L", "-J"))
    expect({described.cluster_id, metadata.cluster_id, python["cluster_id"]}, {described.cluster_id}, "one cluster id")
    expect([len(described.cluster_id)], [22], "its length")
    expect([(n.id, n.port) for n in described.nodes], [(1, int(port))], "nodes")
    expect([b["id"] for b in text["brokers"]], [1], "kcat's brokers")
    return [described.controller.id, metadata.controller_id, python["controller_id"], len(python["brokers"])]


@check("admin.confluent-list-offsets")
def admin_offsets_confluent():
    name = thousand(2)
    spec = confluent_admin.OffsetSpec

    def ask(partition, which):
        where = confluent.TopicPartition(name, partition)
        try:
            found = confluent_administrator().list_offsets({where: which})[where].result(10)
        except confluent.KafkaException as failure:
            return failure.args[0].code()
        return [found.offset, found.timestamp]
    found = [ask(0, which) for which in (spec.earliest(), spec.latest(), spec.max_timestamp(), spec.for_timestamp(START + 55), spec.for_timestamp(START + 99_999))]
    return [expect(found, [[0, -1], [1000, -1], [999, START + 9990], [6, START + 60], [-1, -1]], "offsets"), expect(ask(9, spec.latest()) in (3, -156), True, "an unknown partition is refused")]


@check("admin.python-list-offsets")
def admin_offsets_python():
    name, administrator = thousand(), python_administrator()
    where, spec = kafka.TopicPartition(name, 0), kafka.OffsetSpec
    try:
        found = []
        for which in (spec.EARLIEST, spec.LATEST, spec.MAX_TIMESTAMP, START + 55):
            entry = administrator.list_partition_offsets({where: which})[where]
            found.append([entry.offset, entry.timestamp])
        return expect(found, [[0, -1], [1000, -1], [999, START + 9990], [6, START + 60]], "offsets")
    finally:
        administrator.close()


@check("admin.delete-records")
def admin_delete_records():
    name = thousand(2)
    administrator = confluent_administrator()

    def delete(offset, partition=0):
        where = confluent.TopicPartition(name, partition, offset)
        try:
            return administrator.delete_records([where])[where].result(10).low_watermark
        except confluent.KafkaException as failure:
            return f"code {failure.args[0].code()}"
    found = [delete(300), delete(200), delete(5000)]
    first = confluent_consume(name, 0, confluent.OFFSET_BEGINNING, 2)
    code = confluent_code(lambda: confluent_consume(name, 0, 10, 1, seconds=8))
    consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"unused-{RUN}"})
    by_time = consumer.offsets_for_times([confluent.TopicPartition(name, 0, START)], timeout=10)[0].offset
    consumer.close()
    other = python_administrator()
    python = other.delete_records({kafka.TopicPartition(name, 1): -1})[kafka.TopicPartition(name, 1)]["low_watermark"]
    other.close()
    return [expect(found, [300, 300, "code 1"], "low watermarks"), expect([o for o, _, _ in first], [300, 301], "first records"),
            expect(code, confluent.KafkaError._AUTO_OFFSET_RESET, "an offset before the start"), expect(by_time, 300, "offset by time"), expect(python, 1000, "to the high watermark")]


@check("admin.confluent-groups")
def admin_groups_confluent():
    administrator, name, group = confluent_administrator(), topic("groups", 2), group_name("admin")
    confluent_produce(name, 0, plain_records(5))
    one = Member(group, name, partition_assignment_strategy="range", client_id="its-client")
    poll_until([one], lambda: len(one.seen) == 5, "a member reads")
    one.commit()
    described = administrator.describe_consumer_groups([group])[group].result(10)
    member = described.members[0]
    active = [described.state.name, described.partition_assignor, described.is_simple_consumer_group, len(described.members), member.client_id, member.group_instance_id,
              sorted(p.partition for p in member.assignment.topic_partitions), described.coordinator.id]
    states = {g.group_id: g.state.name for g in administrator.list_consumer_groups().result(10).valid}
    stable = {g.group_id for g in administrator.list_consumer_groups(states={confluent.ConsumerGroupState.STABLE}).result(10).valid}
    empty = {g.group_id for g in administrator.list_consumer_groups(states={confluent.ConsumerGroupState.EMPTY}).result(10).valid}
    listing = [states.get(group), group in stable, group in empty]

    def offsets():
        request = confluent.ConsumerGroupTopicPartitions(group)
        return {p.partition: p.offset for p in administrator.list_consumer_group_offsets([request])[group].result(10).topic_partitions}

    def alter(offset):
        request = confluent.ConsumerGroupTopicPartitions(group, [confluent.TopicPartition(name, 0, offset)])
        try:
            parts = administrator.alter_consumer_group_offsets([request])[group].result(10).topic_partitions
        except confluent.KafkaException as failure:
            return failure.args[0].code()
        return [p.error.code() if p.error else 0 for p in parts]

    def delete(which=group):
        return confluent_code(lambda: administrator.delete_consumer_groups([which])[which].result(10))
    during = [offsets().get(0), alter(2), delete()]
    one.close()
    after = [wait_until(lambda: administrator.describe_consumer_groups([group])[group].result(10).state.name == "EMPTY", "the group is empty"), alter(2), offsets().get(0)]
    ended = [delete(), delete(), delete(f"unknown-{RUN}")]
    left = {g.group_id for g in administrator.list_consumer_groups().result(10).valid}
    return [expect(active, ["STABLE", "range", False, 1, "its-client", None, [0, 1], 1], "an active group"), expect(listing, ["STABLE", True, False], "listed"),
            expect(during, [5, [25], 68], "offsets, altering and deleting while it has members"), expect(after, [True, [0], 2], "afterwards"),
            expect(ended, [0, 69, 69], "deleting"), expect(group in left, False, "listed still")]


@check("admin.python-groups")
def admin_groups_python():
    name, group, administrator = topic("groups", 2), group_name("admin"), python_administrator()
    try:
        one = PythonMember(group, name, client_id="its-client")
        poll_until([one], lambda: one.partitions() == [0, 1], "a member has both partitions")
        one.commit({kafka.TopicPartition(name, 0): kafka.OffsetAndMetadata(11, "", -1)})
        described = administrator.describe_groups([group])[group]
        active = [described["group_state"], described["protocol_type"], described["protocol_data"], len(described["members"]), described["members"][0]["client_id"],
                  described["members"][0]["client_host"].lstrip("/")]
        listed = [g["group_id"] for g in administrator.list_groups() if g["group_id"] == group]
        one.close()
        unknown = administrator.describe_groups([f"unknown-{RUN}"])[f"unknown-{RUN}"]
        wait_until(lambda: administrator.describe_groups([group])[group]["group_state"] == "Empty", "the group is empty")
        deleted = administrator.delete_groups([group])
        return [expect(active, ["Stable", "consumer", "range", 1, "its-client", "127.0.0.1"], "described"), expect(listed, [group], "listed") and "listed",
                unknown["group_state"], str(deleted).replace(group, "GROUP")]
    finally:
        administrator.close()


@check("admin.python-remove-member")
def admin_remove_member():
    """An administrator removes a static member by its instance id."""
    name, group, administrator = topic("remove", 2), group_name("remove"), python_administrator()
    one = Member(group, name, group_instance_id="stuck", session_timeout_ms=40_000)
    try:
        poll_until([one], lambda: one.partitions() == [0, 1], "a member has both partitions")
        one.close()
        before = len(administrator.describe_groups([group])[group]["members"])
        administrator.remove_group_members(group, [kafka.admin.MemberToRemove(group_instance_id="stuck")])
        wait_until(lambda: administrator.describe_groups([group])[group]["group_state"] == "Empty", "the group is empty", 10)
        return expect(before, 1, "members before")
    finally:
        administrator.close()


@check("admin.kcat-metadata")
def admin_kcat():
    name = topic("listed", 3)
    found = json.loads(kcat("-L", "-J", "-t", name))
    entry = found["topics"][0]
    return [expect([entry["topic"], [p["leader"] for p in entry["partitions"]]], [name, [1, 1, 1]], "metadata")[1], found["brokers"][0]["id"]]


@check("differs.transactions")
def transactions():
    """Offered by Apache Kafka; the embedded broker refuses them by an error, at once."""
    producer = confluent.Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": f"x-{RUN}", "transaction.timeout.ms": 5000})
    begun = time.monotonic()
    code = confluent_code(lambda: producer.init_transactions(15))
    if time.monotonic() - begun > 14:
        raise AssertionError("the client waits for its time-out")
    return {"code": code}


@check("differs.sasl")
def sasl():
    """A client that wants SASL learns that there is none, from a broker without."""
    failures = []
    client = confluent_admin.AdminClient({"bootstrap.servers": BOOTSTRAP, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "u",
                                          "sasl.password": "p", "error_cb": failures.append, "logger": QUIET, "reconnect.backoff.ms": 1000})
    try:
        client.list_topics(timeout=3)
        raise AssertionError("metadata came without a login")
    except confluent.KafkaException:
        return sorted({failure.name() for failure in failures} - {"_ALL_BROKERS_DOWN"})


# Running.

def run_one(function, limit):
    """(outcome, result or complaint, seconds); a check that hangs is left behind in its thread."""
    box = []

    def body():
        try:
            box.append(("ok", function()))
        except LeftOut as reason:
            box.append(("left out", str(reason)))
        except Exception as failure:
            where = [f"line {frame.lineno}" for frame in traceback.extract_tb(failure.__traceback__) if frame.filename == __file__][-2:]
            kind = "" if isinstance(failure, AssertionError) else f"{type(failure).__name__}: "
            box.append(("FAILED", f"{kind}{failure} ({', '.join(where)})"))
    begun = time.monotonic()
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(limit)
    return (*(box[0] if box else ("FAILED", f"no end within {limit} s")), time.monotonic() - begun)


def await_coordinator(seconds=60):
    """An Apache Kafka that has just started makes its offsets topic first."""
    def look():
        consumer = confluent.Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"first-{RUN}"})
        try:
            consumer.committed([confluent.TopicPartition(f"none-{RUN}", 0)], timeout=5)
            return True
        except confluent.KafkaException:
            return False
        finally:
            consumer.close()
    wait_until(look, "a group coordinator answers", seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    brokers.add_options(parser)
    parser.add_argument("--only", metavar="TEXT", action="append", help="only checks whose name contains this; may be repeated")
    parser.add_argument("--list", action="store_true", help="print the names of the checks and end")
    parser.add_argument("--limit", type=float, default=90, help="seconds for one check (default 90)")
    parser.add_argument("--write", metavar="FILE", help="write the results as JSON")
    parser.add_argument("--expect", metavar="FILE", help="compare with the results of another run")
    options = parser.parse_args()
    chosen = [(name, function) for name, function in CHECKS if not options.only or any(text in name for text in options.only)]
    if options.list:
        for name, _ in chosen:
            say(name)
        return 0
    if not chosen:
        parser.error(f"no check's name contains {' or '.join(options.only)}; --list prints them")
    expected = {}
    if options.expect:
        try:
            with open(options.expect) as file:
                expected = json.load(file)["checks"]
        except (OSError, ValueError, KeyError) as failure:
            parser.error(f"--expect {options.expect}: {failure!r}; it must be a file of --write")
    with brokers.from_options(parser, options) as broker:
        global BOOTSTRAP
        BOOTSTRAP = broker.bootstrap
        await_coordinator()
        return run_all(broker, chosen, expected, options)


def run_all(broker, chosen, expected, options):
    counts, results, different = {"ok": 0, "FAILED": 0, "left out": 0}, {}, []
    for name, function in chosen:
        outcome, found, seconds = run_one(function, options.limit)
        text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        results[name] = {"outcome": outcome, "result": json.loads(json.dumps(found))}
        mark = ""
        before = expected.get(name)
        if before and not name.startswith("differs.") and outcome != "left out" and before["outcome"] == "ok" and results[name] != before:
            different.append(name)
            mark = f"  [DIFFERS from {json.dumps(before['result'], ensure_ascii=False)[:200]}]"
        counts[outcome] += 1
        say(f"{outcome:<8} {name:<52} {seconds:5.1f} s  {' '.join(text.split())[:400]}{mark}")
        if not broker.alive():
            say(f"FAILED   the broker is gone after {name}\n{broker.log_tail()}")
            return 1
    say(f"\n{counts['ok']} ok, {counts['FAILED']} failed, {counts['left out']} left out" + (f", {len(different)} differ: {' '.join(different)}" if expected else ""))
    memory = broker.pid and brokers.process_memory(broker.pid)
    if memory:
        say(f"memory of the broker: {memory[0]:.0f} MiB, at most {memory[1]:.0f} MiB; {brokers.descriptors(broker.pid)} descriptors")
    if options.write:
        with open(options.write, "w") as file:
            json.dump({"broker": broker.name, "checks": results}, file, indent=1, ensure_ascii=False, sort_keys=True)
            file.write("\n")
    return 1 if counts["FAILED"] or different else 0


if __name__ == "__main__":
    brokers.main(main)
