#!/usr/bin/env python3
"""Kills a broker again and again under load, and proves that what it acknowledged is there once and in order.

    broker_torture.py [--local-broker PATH | --kafka-home DIR] [--kills 50] [--graceful] [--seed 1]

Several idempotent producers (confluent-kafka, acks=all, batches of several sizes) write numbered records to four partitions, and a group
consumer reads and commits. The broker is killed by SIGKILL (with --graceful: SIGTERM) after a random while, and started again on the same
data and port. At the end everything is read, and it must hold:

- every acknowledged record is there once; one that was not acknowledged, at most once;
- each producer's records are in order in each partition, at the offsets that it was told;
- committed offsets never go back, and the log's end never does.

Exit status: 0 all of it holds, 1 not.
"""
import argparse
import json
import logging
import os
import random
import signal
import statistics
import sys
import threading
import time
import zlib

import brokers
from brokers import say

try:
    import confluent_kafka as confluent
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError as missing:
    sys.exit(f"broker_torture.py: {missing}; pip install confluent-kafka")

QUIET = logging.Logger("quiet", logging.CRITICAL + 1)
TOPIC, GROUP = "torture", "torture"
# Per producer: records a batch at most, milliseconds of linger, bytes of a value at most, codec.
SHAPES = [(1, 0, 100, "none"), (50, 5, 300, "none"), (1000, 20, 300, "lz4"), (10_000, 50, 2000, "zstd"), (300, 5, 20_000, "none"), (100, 1, 200, "gzip")]


def payload(producer, number, partition, size):
    """Names the record and can be checked: producer, number, partition, then filling, then a checksum."""
    head = b"%d %d %d " % (producer, number, partition)
    body = head + bytes((number + i) % 251 for i in range(16)) * (max(0, size - len(head)) // 16)
    return body + b"%08x" % zlib.crc32(body)


def parse(value):
    body, checksum = value[:-8], value[-8:]
    if b"%08x" % zlib.crc32(body) != checksum:
        return None
    producer, number, partition = body.split(b" ", 3)[:3]
    return int(producer), int(number), int(partition)


class Writer(threading.Thread):
    """One producer; remembers the offset of each record that was acknowledged, and the error of each that was not."""

    def __init__(self, bootstrap, index, partitions, rate, seed):
        super().__init__(daemon=True, name=f"writer-{index}")
        self.index, self.partitions, self.rate, self.rng = index, partitions, rate, random.Random(f"{seed} writer {index}")
        batch, linger, self.size, codec = SHAPES[index % len(SHAPES)]
        self.sent, self.acknowledged, self.refused, self.failure = 0, {}, {}, None
        self.stopping = threading.Event()
        self.producer = confluent.Producer({
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "batch.num.messages": batch, "linger.ms": linger, "compression.type": codec,
            "message.timeout.ms": 300_000, "retry.backoff.ms": 20, "retry.backoff.max.ms": 200, "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100,
            "queue.buffering.max.messages": 5000, "socket.timeout.ms": 10_000, "error_cb": self.on_error, "logger": QUIET})

    def on_error(self, failure):
        if failure.fatal():
            self.failure = f"fatal: {failure}"

    def on_delivery(self, number):
        def delivered(failure, message):
            if failure:
                self.refused[number] = failure.name()
            else:
                self.acknowledged[number] = (message.partition(), message.offset())
        return delivered

    def run(self):
        began, pause = time.monotonic(), 0
        while not self.stopping.is_set() and not self.failure:
            partition = self.rng.randrange(self.partitions)
            value = payload(self.index, self.sent, partition, self.rng.randrange(40, self.size))
            try:
                self.producer.produce(TOPIC, value, b"%d" % self.index, partition=partition, on_delivery=self.on_delivery(self.sent))
                self.sent += 1
                pause = max(0, self.sent / self.rate - (time.monotonic() - began))
                self.producer.poll(min(pause, 0.05))
            except BufferError:
                # While the broker is away nothing moves; do not send the lost time's records all at once afterwards.
                self.producer.poll(0.1)
                began = time.monotonic() - self.sent / self.rate
        self.producer.flush(120)


class Reader(threading.Thread):
    """A member of a group: reads, commits now and then, and watches what is committed."""

    def __init__(self, bootstrap):
        super().__init__(daemon=True, name="reader")
        self.bootstrap, self.stopping = bootstrap, threading.Event()
        self.committed, self.commits, self.backward, self.seen, self.assigned, self.refusals = {}, 0, [], 0, 0, {}

    def consumer(self):
        return confluent.Consumer({"bootstrap.servers": self.bootstrap, "group.id": GROUP, "enable.auto.commit": False, "auto.offset.reset": "earliest",
                                   "session.timeout.ms": 30_000, "heartbeat.interval.ms": 1000, "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100,
                                   "logger": QUIET, "error_cb": lambda failure: None})

    def on_assign(self, consumer, partitions):
        """What the broker says was committed must be what was last acknowledged, or a later one whose answer was lost."""
        self.assigned += 1
        try:
            stored = consumer.committed(partitions, timeout=20)
        except confluent.KafkaException:
            return
        self.compare(stored, "at an assignment")

    def compare(self, stored, when):
        for part in stored:
            best = self.committed.get(part.partition)
            if best is not None and part.offset < best:
                self.backward.append(f"partition {part.partition}: {part.offset} committed {when}, {best} before")

    def run(self):
        consumer = self.consumer()
        consumer.subscribe([TOPIC], on_assign=self.on_assign)
        last = time.monotonic()
        while not self.stopping.is_set():
            self.seen += sum(1 for message in consumer.consume(500, 0.1) if not message.error())
            if time.monotonic() - last > 0.2:
                last = time.monotonic()
                try:
                    for part in consumer.commit(asynchronous=False) or []:
                        if part.error is None and part.offset >= 0:
                            self.committed[part.partition] = max(part.offset, self.committed.get(part.partition, 0))
                            self.commits += 1
                except confluent.KafkaException as failure:
                    name = failure.args[0].name()
                    self.refusals[name] = self.refusals.get(name, 0) + 1
        consumer.close()


def went_back(witness, committed, when, limit):
    """Asks the broker for the group's offsets, which must be those that it acknowledged before, or later ones."""
    end = time.monotonic() + limit
    while True:
        try:
            stored = witness.committed([confluent.TopicPartition(TOPIC, p) for p in committed], timeout=5) if committed else []
            break
        except confluent.KafkaException as failure:
            if time.monotonic() > end:
                return [f"the committed offsets could not be asked for {when}: {failure}"]
    return [f"partition {p.partition}: {p.offset} {when}, {committed[p.partition]} before" for p in stored if p.offset < committed[p.partition]]


def read_all(bootstrap, partitions):
    """Per partition the list of (offset, value), from the start to the end."""
    consumer = confluent.Consumer({"bootstrap.servers": bootstrap, "group.id": "torture-proof", "enable.auto.commit": False, "auto.offset.reset": "error",
                                   "isolation.level": "read_uncommitted", "check.crcs": True})
    found, ends = {p: [] for p in range(partitions)}, {}
    for partition in range(partitions):
        ends[partition] = consumer.get_watermark_offsets(confluent.TopicPartition(TOPIC, partition), timeout=30)[1]
    consumer.assign([confluent.TopicPartition(TOPIC, p, 0) for p in range(partitions)])
    waited = time.monotonic()
    while any(len(found[p]) < ends[p] for p in found):
        for message in consumer.consume(2000, 1):
            if message.error():
                raise confluent.KafkaException(message.error())
            found[message.partition()].append((message.offset(), message.value()))
            waited = time.monotonic()
        if time.monotonic() - waited > 30:
            break
    consumer.close()
    return found, ends


def judge(writers, found, ends):
    """Complaints by kind, as lists of lines."""
    complaints = {"lost": [], "twice": [], "out of order": [], "elsewhere": [], "damaged": [], "unread": [], "offsets": []}
    places, last = {}, {}
    for partition, records in found.items():
        if len(records) != ends[partition]:
            complaints["unread"].append(f"partition {partition}: {len(records)} records before the end {ends[partition]}")
        if [offset for offset, _ in records] != list(range(len(records))):
            complaints["offsets"].append(f"partition {partition}: offsets are not 0, 1, 2, ...")
        for offset, value in records:
            named = parse(value)
            if named is None or named[2] != partition:
                complaints["damaged"].append(f"partition {partition} offset {offset}: {value[:40]!r}")
                continue
            producer, number, _ = named
            if (producer, number) in places:
                complaints["twice"].append(f"producer {producer} record {number}: {places[producer, number]} and {(partition, offset)}")
            places[producer, number] = (partition, offset)
            if number < last.get((producer, partition), -1):
                complaints["out of order"].append(f"producer {producer} partition {partition}: {number} at offset {offset} after {last[producer, partition]}")
            last[producer, partition] = max(number, last.get((producer, partition), -1))
    for writer in writers:
        for number, place in writer.acknowledged.items():
            there = places.get((writer.index, number))
            if there is None:
                complaints["lost"].append(f"producer {writer.index} record {number}, acknowledged at {place}")
            # An acknowledgement whose first answer was lost may come without an offset.
            elif place[1] >= 0 and there != place:
                complaints["elsewhere"].append(f"producer {writer.index} record {number}: acknowledged at {place}, found at {there}")
    return complaints, places


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    brokers.add_options(parser)
    parser.add_argument("--kills", type=int, default=50, help="how often (default 50)")
    parser.add_argument("--graceful", action="store_true", help="SIGTERM instead of SIGKILL")
    parser.add_argument("--producers", type=int, default=4)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1500, help="records a second of one producer at most (default 1500)")
    parser.add_argument("--up", type=float, nargs=2, default=(0.3, 2.5), metavar=("MIN", "MAX"), help="seconds between a start and the next kill (default 0.3 2.5)")
    parser.add_argument("--progress-limit", type=float, default=60, help="seconds within which records must flow again after a start (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    if options.bootstrap:
        parser.error("the broker is killed, so it must be started here: use --local-broker or --kafka-home")
    if options.up[0] > options.up[1]:
        parser.error("--up: MIN is more than MAX")
    with brokers.from_options(parser, options) as broker:
        return torture(broker, options)


def torture(broker, options):
    rng = random.Random(options.seed)
    way = signal.SIGTERM if options.graceful else signal.SIGKILL
    say(f"{broker.name} at {broker.bootstrap}, first answer after {broker.start_seconds * 1000:.0f} ms; data in {broker.data}; seed {options.seed}")
    administrator = AdminClient({"bootstrap.servers": broker.bootstrap, "logger": QUIET})
    administrator.create_topics([NewTopic(TOPIC, options.partitions, 1)])[TOPIC].result(30)
    writers = [Writer(broker.bootstrap, i, options.partitions, options.rate, options.seed) for i in range(options.producers)]
    reader = Reader(broker.bootstrap)
    witness = reader.consumer()
    for thread in (*writers, reader):
        thread.start()
    starts, statuses, stuck, memory = [], [], None, 0
    acknowledged = lambda: sum(len(w.acknowledged) for w in writers)
    for kill in range(1, options.kills + 1):
        # Records and commits must flow before the next kill, or it would only be a series of starts.
        before, commits, end = acknowledged(), reader.commits, time.monotonic() + options.progress_limit
        moves = lambda: acknowledged() > before and reader.commits > commits
        while not moves() and time.monotonic() < end and not any(w.failure for w in writers):
            time.sleep(0.02)
        if not moves() or any(w.failure for w in writers):
            stuck = (f"within {options.progress_limit:.0f} s before kill {kill}: {acknowledged() - before} records acknowledged, {reader.commits - commits} commits, "
                     f"producers' failures {[w.failure for w in writers]}, commits refused {reader.refusals}")
            break
        time.sleep(rng.uniform(*options.up))
        if not broker.alive():
            stuck = f"the broker ended by itself before kill {kill}\n{broker.log_tail()}"
            break
        memory = max(memory, (brokers.process_memory(broker.pid) or (0, 0))[1])
        before, committed = acknowledged(), dict(reader.committed)
        status = broker.kill(way)
        statuses.append(status)
        size = brokers.folder_size(broker.data)
        time.sleep(rng.choice((0, 0, 0.05, 0.3)))
        starts.append(broker.restart())
        reader.backward += went_back(witness, committed, f"after kill {kill}", options.progress_limit)
        say(f"kill {kill:3d}  {before:9,d} acknowledged  {reader.commits:5d} commits  data {size / 2**20:7.1f} MiB  first answer after {starts[-1] * 1000:6.0f} ms"
            + (f"  ended with {status}" if options.graceful and status is not None else ""))
    if not stuck:
        before, end = acknowledged(), time.monotonic() + options.progress_limit
        while acknowledged() <= before and time.monotonic() < end:
            time.sleep(0.05)
        if acknowledged() <= before:
            stuck = f"no record was acknowledged within {options.progress_limit:.0f} s after the last start"
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join(150)
    reader.stopping.set()
    reader.join(60)
    witness.close()
    return report(broker, options, writers, reader, starts, statuses, stuck, memory)


def report(broker, options, writers, reader, starts, statuses, stuck, memory):
    if not broker.alive():
        say(f"FAILED: {stuck or 'the broker is gone'}")
        return 1
    found, ends = read_all(broker.bootstrap, options.partitions)
    complaints, places = judge(writers, found, ends)
    final = reader.consumer()
    stored = final.committed([confluent.TopicPartition(TOPIC, p) for p in range(options.partitions)], timeout=30)
    final.close()
    reader.compare(stored, "at the end")
    complaints["committed went back"] = reader.backward
    complaints["committed beyond the end"] = [f"partition {p.partition}: {p.offset} of {ends[p.partition]}" for p in stored if p.offset > ends[p.partition]]
    complaints["stuck"] = [stuck] if stuck else []
    complaints["producer failed"] = [f"producer {w.index}: {w.failure}" for w in writers if w.failure]
    if options.graceful:
        complaints["status of a graceful stop"] = [f"stop {i + 1}: {status}" for i, status in enumerate(statuses) if status]
    acknowledged = {(w.index, n) for w in writers for n in w.acknowledged}
    silent = sum(w.sent - len(w.acknowledged) for w in writers)
    say("\n| producer | batch | codec | sent | acknowledged | refused | found |\n| --- | --- | --- | --- | --- | --- | --- |")
    for w in writers:
        batch, _, _, codec = SHAPES[w.index % len(SHAPES)]
        say(f"| {w.index} | {batch} | {codec} | {w.sent:,} | {len(w.acknowledged):,} | {len(w.refused)} | {sum(1 for producer, _ in places if producer == w.index):,} |")
    figures = {
        "broker": broker.name, "kills": len(starts), "graceful": options.graceful, "sent": sum(w.sent for w in writers), "acknowledged": len(acknowledged),
        "found": len(places), "not acknowledged": silent, "found though not acknowledged": len(set(places) - acknowledged), "read by the group": reader.seen,
        "commits": reader.commits, "assignments of the group": reader.assigned, "commits refused": reader.refusals,
        "data MiB": round(brokers.folder_size(broker.data) / 2**20, 1), "memory at most MiB": round(max(memory, (brokers.process_memory(broker.pid) or (0, 0))[1]), 1),
        "first answer ms": {"first": round(broker.start_seconds * 1000), **({"median": round(statistics.median(starts) * 1000), "most": round(max(starts) * 1000)} if starts else {})},
        "complaints": {kind: len(lines) for kind, lines in complaints.items()},
    }
    say("\n| what | figure |\n| --- | --- |")
    for name, value in figures.items():
        if name != "complaints":
            say(f"| {name} | {value if not isinstance(value, dict) else ', '.join(f'{k} {v}' for k, v in value.items())} |")
    bad = False
    for kind, lines in complaints.items():
        bad |= bool(lines)
        say(f"| {kind} | {len(lines) or 'none'} |")
    for kind, lines in complaints.items():
        for line in lines[:10]:
            say(f"FAILED {kind}: {line}")
    if options.write:
        with open(options.write, "w") as file:
            json.dump(figures, file, indent=1)
            file.write("\n")
    say("FAILED" if bad else "ok: every acknowledged record is there once, in order, and no commit went back")
    return 1 if bad else 0


if __name__ == "__main__":
    brokers.main(main)
