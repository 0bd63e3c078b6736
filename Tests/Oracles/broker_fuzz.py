#!/usr/bin/env python3
"""Sends a broker what no client would, while an honest client must keep working and the broker must stay small.

    broker_fuzz.py [--local-broker PATH | --bootstrap HOST:PORT --pid PID | --kafka-home DIR] [--minutes 10] [--seed 1] [--rss-max-mib 200]

First the checks of kafka_clients.py run through a proxy that keeps the frames of confluent-kafka, kafka-python and kcat. Then worker
processes send random bytes, truncated and oversized frames, those frames with bytes, lengths and counts changed, absurd array counts,
compression bombs followed by a search by time, frames that come a byte at a time, connections that are left half open, answers that are
never read, and many connections at once. It fails when the broker dies, when the honest client's records are late, lost or twice, or
when the broker's memory exceeds --rss-max-mib. The last frames of each worker are written to --dump when it fails.

Exit status: 0 all of it holds, 1 not.
"""
import argparse
import collections
import gzip
import json
import logging
import multiprocessing
import os
import random
import signal
import socket
import statistics
import struct
import sys
import threading
import time

import brokers
from brokers import say

try:
    import confluent_kafka as confluent
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError as missing:
    sys.exit(f"broker_fuzz.py: {missing}; pip install confluent-kafka kafka-python")

QUIET = logging.Logger("quiet", logging.CRITICAL + 1)
# What is captured: each API in the versions that the three clients choose.
CAPTURED = ("crossing.", "produce.confluent", "consume.confluent-from", "consume.python-from", "consume.kcat-from", "consume.time-inside", "group.commits", "group.kcat",
            "group.confluent-coop", "group.static-member-returns", "admin.", "differs.")
EXTREMES_32 = [0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xFFFFFFFE, 0x7FFFFFFE, 0x00FFFFFF, 0x10000000, 0, 1, 0x0000FFFF, 0x7FFF0000]
EXTREME_VARINTS = [b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x07", b"\xff" * 10 + b"\x01", b"\x80" * 20, b"\x80\x80\x80\x80\x10", b"\x00", b"\xfe\xff\xff\xff\x0f"]


# The seeds: real frames, kept by a proxy.

class Proxy:
    """Passes frames between clients and the broker, keeps the requests, and puts its own port for the broker's in answers."""

    def __init__(self, bootstrap, per_kind=30, bytes_max=40_000):
        host, _, port = bootstrap.rpartition(":")
        self.broker, self.frames, self.per_kind, self.bytes_max = (host, int(port)), collections.defaultdict(list), per_kind, bytes_max
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.bootstrap = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.real = host.encode() + struct.pack(">i", int(port))
        self.own = host.encode() + struct.pack(">i", self.listener.getsockname()[1])
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(self.broker)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.pass_on, args=(client, broker, self.keep), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(broker, client, lambda frame: frame.replace(self.real, self.own)), daemon=True).start()

    def keep(self, frame):
        kept = self.frames[frame[:4]]
        if len(frame) <= self.bytes_max and len(kept) < self.per_kind:
            kept.append(frame)
        return frame

    @staticmethod
    def pass_on(source, sink, change):
        try:
            while True:
                size = struct.unpack(">i", brokers.read_exactly(source, 4))[0]
                frame = change(brokers.read_exactly(source, size))
                sink.sendall(struct.pack(">i", len(frame)) + frame)
        except OSError:
            pass
        finally:
            for one in (source, sink):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def capture(bootstrap):
    """Real requests, without their length, from the checks of kafka_clients.py."""
    import kafka_clients
    proxy = Proxy(bootstrap)
    kafka_clients.BOOTSTRAP = proxy.bootstrap
    outcomes = collections.Counter()
    for name, function in kafka_clients.CHECKS:
        if name.startswith(CAPTURED):
            outcomes[kafka_clients.run_one(function, 45)[0]] += 1
    frames = [frame for kept in proxy.frames.values() for frame in kept]
    proxy.listener.close()
    kinds = collections.defaultdict(set)
    for key in proxy.frames:
        api, version = struct.unpack(">hh", key)
        kinds[api].add(version)
    say(f"seeds: {len(frames)} frames of {len(kinds)} APIs in {len(proxy.frames)} versions; checks through the proxy: {dict(outcomes)}")
    return frames


# Frames made by hand: classic encodings.

def text(value):
    return struct.pack(">h", len(value)) + value


def header(api, version, correlation=7):
    return struct.pack(">hhi", api, version, correlation) + text(b"fuzz")


_crc_table = []


def crc32c(data):
    if not _crc_table:
        for byte in range(256):
            value = byte
            for _ in range(8):
                value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
            _crc_table.append(value)
    value = 0xFFFFFFFF
    for byte in data:
        value = _crc_table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def batch(payload, codec, count, first=1_700_000_000_000, last=1_700_000_100_000, magic=2):
    """A record batch of format 2 with a right checksum around any payload."""
    after_crc = struct.pack(">hiqqqhii", codec, count - 1, first, last, -1, -1, -1, count) + payload
    return struct.pack(">qiibI", 0, 4 + 1 + 4 + len(after_crc), 0, magic, crc32c(after_crc)) + after_crc


def produce(topic, records, partition=0, acks=-1):
    return (header(0, 7) + struct.pack(">hhi", -1, acks, 3000) + struct.pack(">i", 1) + text(topic)
            + struct.pack(">iii", 1, partition, len(records)) + records)


def list_offsets(topic, when, partition=0):
    return header(2, 2) + struct.pack(">ib", -1, 0) + struct.pack(">i", 1) + text(topic) + struct.pack(">iiq", 1, partition, when)


def fetch(topic, offset, partition=0, wait=0, size=50_000_000):
    return (header(1, 4) + struct.pack(">iiiib", -1, wait, 1, size, 0) + struct.pack(">i", 1) + text(topic)
            + struct.pack(">iiqi", 1, partition, offset, size))


def zstd_zeros(blocks, window=0x50, content=None):
    """A zstd frame of run-length blocks, each four bytes for 128 KiB."""
    if content is None:
        start = bytes([0x00, window])
    else:  # eight bytes of content size, no window descriptor
        start = bytes([0xE0]) + struct.pack("<Q", content)
    body = b"".join(struct.pack("<I", (1 if i == blocks - 1 else 0) | 1 << 1 | 131_072 << 3)[:3] + b"\0" for i in range(blocks))
    return b"\x28\xb5\x2f\xfd" + start + body


def lz4_claim():
    """An lz4 frame whose header promises 4 MiB blocks, and whose block promises far more than it holds."""
    return bytes.fromhex("04224d184070df") + struct.pack("<I", 0x003FFFFF) + b"\x1f\0\1\0" + b"\xff" * 60_000


def bombs():
    """(name, batch) each small to send and large to look into."""
    one = b"\0\0\0\1\1\0"  # attributes, time delta, offset delta, null key, null value, no headers
    record = bytes([len(one) * 2]) + one
    many = 4_000_000
    huge = b"\xfe\xff\xff\xff\x0f"  # a record of 2 GiB, says its length
    return [
        ("gzip zeros", batch(gzip.compress(bytes(60 << 20), 9), 1, 3)),
        ("gzip huge record", batch(gzip.compress(huge + b"\0\0\0" + bytes(60 << 20), 9), 1, 1)),
        ("gzip many records", batch(gzip.compress(record * many, 9), 1, many)),
        ("gzip count", batch(gzip.compress(record), 1, 0x7FFFFFFF)),
        ("zstd 1 GiB of zeros", batch(zstd_zeros(8192), 4, 3)),
        ("zstd window of 2 TiB", batch(zstd_zeros(4, window=0xF8), 4, 3)),
        ("zstd content of 2^63", batch(zstd_zeros(4, content=1 << 63), 4, 3)),
        ("snappy claims 4 GiB", batch(b"\xff\xff\xff\xff\x0f" + b"\0\0" + b"\xfe\x01\x00" * 20_000, 2, 3)),
        ("snappy xerial chunk of 2 GiB", batch(b"\x82SNAPPY\0" + struct.pack(">iiI", 1, 1, 0x7FFFFFFF) + bytes(100), 2, 3)),
        ("lz4 claim", batch(lz4_claim(), 3, 3)),
        ("plain count", batch(record, 0, 0x7FFFFFFF)),
        ("plain garbage", batch(random.Random(3).randbytes(3000), 0, 40)),
        ("codec 7", batch(record, 7, 1)),
        ("magic 1", batch(record, 0, 1, magic=1)),
        ("control", batch(record, 0x20, 1)),
        ("transactional", batch(record, 0x10, 1)),
        ("negative count", batch(record, 0, -5)),
        ("times of all ranges", batch(record, 0, 1, first=-(1 << 63), last=(1 << 63) - 1)),
    ]


def huge_counts(rng, topic):
    """A request whose array says that it holds far more than the frame does."""
    count = rng.choice([0x7FFFFFFF, 0x7FFFFFFE, 0x10000000, 0x00FFFFFF, 100_000])
    n = struct.pack(">i", count)
    one = struct.pack(">i", 1)
    compact = rng.choice(EXTREME_VARINTS)
    flexible = lambda api, version: header(api, version) + b"\0"
    return rng.choice([
        header(3, 1) + n, header(3, 1) + n + text(b"a") * 50,
        header(0, 3) + struct.pack(">hhi", -1, 1, 100) + n, header(0, 3) + struct.pack(">hhi", -1, 1, 100) + one + text(topic) + n,
        header(0, 3) + struct.pack(">hhi", -1, 1, 100) + one + text(topic) + one + struct.pack(">ii", 0, count),
        header(1, 4) + struct.pack(">iiiib", -1, 100, 1, 1 << 30, 0) + n, header(1, 4) + struct.pack(">iiiib", -1, 100, 1, 1 << 30, 0) + one + text(topic) + n,
        header(2, 1) + struct.pack(">i", -1) + n, header(8, 2) + text(b"g") + struct.pack(">i", -1) + text(b"") + struct.pack(">q", -1) + n,
        header(9, 1) + text(b"g") + n, header(11, 2) + text(b"g") + struct.pack(">ii", 9999, 9999) + text(b"") + text(b"consumer") + n,
        header(14, 1) + text(b"g") + one + text(b"m") + n, header(15, 0) + n, header(42, 0) + n, header(19, 2) + n,
        header(19, 2) + one + text(b"huge-%d" % rng.randrange(3)) + struct.pack(">ih", count, 1) + struct.pack(">iiib", 0, 0, 1000, 0), header(20, 1) + n, header(21, 0) + n,
        header(32, 1) + n, header(37, 0) + n, header(37, 0) + one + text(topic) + n + struct.pack(">iib", -1, 1000, 0),
        flexible(3, 9) + compact, flexible(0, 9) + b"\0" + struct.pack(">hi", -1, 100) + compact, flexible(18, 3) + compact, flexible(60, 0) + compact,
        header(3, 9) + compact, header(3, 9) + compact + b"\0" + rng.choice(EXTREME_VARINTS),
    ])


# Mutations of real frames.

def mutate(rng, frame):
    data = bytearray(frame)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 10))):
        # Mostly past the header, which decides what is parsed at all.
        at = rng.randrange(8 if len(data) > 9 and rng.random() < 0.9 else 0, len(data)) if len(data) > 9 else 0
        way = rng.randrange(9)
        if way == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            data[at] = rng.randrange(256)
        elif way == 2:
            data[at:at + 4] = struct.pack(">I", rng.choice(EXTREMES_32))
        elif way == 3:
            data[at:at + 2] = struct.pack(">H", rng.choice((0x7FFF, 0x8000, 0xFFFF, 0xFFFE, 0, 1)))
        elif way == 4:
            data[at:at + 1] = rng.choice(EXTREME_VARINTS)
        elif way == 5:
            del data[at:at + rng.randrange(1, 20)]
        elif way == 6:
            data[at:at] = rng.randbytes(rng.randrange(1, 40))
        elif way == 7:
            data[at:at] = data[at:at + rng.randrange(1, 200)] * rng.choice((1, 2, 20))
        else:
            del data[at:]
        if not data:
            data = bytearray(b"\0")
    return bytes(data)


# What is sent, and how often.
KINDS = {"random bytes": 8, "random frame": 8, "truncated": 6, "oversized": 6, "mutated": 60, "real": 8, "any api and version": 10, "pipelined, answers not read": 4,
         "huge counts": 12, "bomb and search": 3, "byte at a time": 8, "half open": 6, "reset": 4, "many connections": 1, "unread fetches": 2, "new groups and members": 8}
NAMES = tuple(KINDS)


class Attacker:
    def __init__(self, number, bootstrap, topic, seeds, seed, counts, answers, stop, dump, connections, left_out=()):
        host, _, port = bootstrap.rpartition(":")
        self.address, self.topic, self.seeds, self.rng = (host, int(port)), topic, seeds, random.Random(f"{seed} worker {number}")
        self.number, self.counts, self.answers, self.stop, self.dump, self.connections = number, counts, answers, stop, dump, connections
        self.recent, self.held = collections.deque(maxlen=60), []
        self.weights = [0 if any(part in kind for part in left_out) else weight for kind, weight in KINDS.items()]

    def connect(self):
        """A connection, or None when the broker takes none just now."""
        try:
            connection = socket.create_connection(self.address, timeout=2)
            connection.settimeout(0.3)
            return connection
        except OSError:
            time.sleep(0.05)
            return None

    def send(self, data, kind, wait=0.3, connection=None, close=True):
        """Sends bytes and reads what comes within `wait`; whether something came."""
        connection = connection or self.connect()
        if not connection:
            return False
        self.recent.append((NAMES[kind], data))
        self.counts[kind] += 1
        came = False
        try:
            connection.sendall(data)
            if wait:
                connection.settimeout(wait)
                came = bool(connection.recv(65_536))
                self.answers[kind] += came
        except OSError:
            pass
        if close:
            connection.close()
        return came

    def hold(self, connection, rest=b""):
        """Keeps the connection open for a while; `rest` goes out a byte at a time."""
        self.held.append((connection, bytearray(rest), time.monotonic() + self.rng.uniform(1, 20)))

    def tend(self):
        kept = []
        for connection, rest, until in self.held:
            alive = time.monotonic() < until
            if alive and rest:
                try:
                    connection.send(rest[:1])
                    del rest[:1]
                except OSError:
                    alive = False
            if alive:
                kept.append((connection, rest, until))
            else:
                connection.close()
        while len(kept) > self.connections:
            kept.pop(0)[0].close()
        self.held = kept

    def run(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.bombs = bombs()
        turn = 0
        while not self.stop.is_set():
            turn += 1
            kind = self.rng.choices(range(len(KINDS)), self.weights)[0]
            try:
                self.attack(kind)
            except OSError:
                pass
            if turn % 5 == 0:
                self.tend()
        if self.stop.value_is_failure.value and self.dump:
            os.makedirs(self.dump, exist_ok=True)
            for i, (kind, data) in enumerate(self.recent):
                with open(os.path.join(self.dump, f"worker{self.number}-{i:02d}-{kind.replace(' ', '-').replace(',', '')}.bin"), "wb") as file:
                    file.write(data)
        for connection, _, _ in self.held:
            connection.close()

    def attack(self, kind):
        rng, name = self.rng, NAMES[kind]
        framed = lambda frame: struct.pack(">i", len(frame)) + frame
        real = rng.choice(self.seeds)
        if name == "random bytes":
            self.send(rng.randbytes(rng.randrange(1, 4096)), kind, 0.02)
        elif name == "random frame":
            self.send(framed(rng.randbytes(rng.randrange(0, 2000))), kind, 0.02)
        elif name == "truncated":
            whole = framed(real)
            self.send(whole[:rng.randrange(len(whole))], kind, 0)
        elif name == "oversized":
            size = rng.choice([0x7FFFFFFF, 0x7FFFFFFE, 0x40000000, 100 << 20 | 1, 50 << 20, -1, -0x80000000, 0])
            connection = self.connect()
            if connection:
                body = real + bytes(rng.choice((0, 1000, 500_000)))
                self.send(struct.pack(">i", size) + body, kind, 0.02, connection, close=False)
                self.hold(connection, bytes(20))
        elif name == "mutated":
            connection = self.connect()
            for _ in range(rng.randrange(1, 6)):
                # Without an answer the broker has closed, waits for more or polls long: on to a fresh connection.
                if not connection or not self.send(framed(mutate(rng, rng.choice(self.seeds))), kind, 0.05, connection, close=False):
                    break
            if connection:
                connection.close()
        elif name == "real":
            self.send(framed(real), kind, 0.05)
        elif name == "any api and version":
            frame = struct.pack(">hh", rng.choice((rng.randrange(-2, 100), rng.randrange(-32768, 32768))), rng.choice((rng.randrange(-1, 20), rng.randrange(-32768, 32768)))) + real[4:]
            self.send(framed(frame), kind, 0.02)
        elif name == "pipelined, answers not read":
            connection = self.connect()
            if connection:
                connection.settimeout(0.2)
                data = b"".join(framed(rng.choice(self.seeds)) for _ in range(100))
                self.send(data, kind, 0, connection, close=False)
                self.hold(connection)
        elif name == "huge counts":
            self.send(framed(huge_counts(rng, self.topic)), kind, 0.05)
        elif name == "bomb and search":
            _, records = rng.choice(self.bombs)
            connection = self.connect()
            if connection:
                partition = rng.randrange(4)
                if self.send(framed(produce(self.topic, records, partition)), kind, 5, connection, close=False):
                    for when in (1_700_000_000_001, 1_700_000_050_000, -3):
                        self.send(framed(list_offsets(self.topic, when, partition)), kind, 5, connection, close=False)
                connection.close()
        elif name == "byte at a time":
            connection = self.connect()
            if connection:
                self.counts[kind] += 1
                self.recent.append((name, framed(real)))
                self.hold(connection, framed(real)[:200])
        elif name == "half open":
            connection = self.connect()
            if connection:
                self.send(framed(real)[:rng.randrange(0, 12)], kind, 0, connection, close=False)
                if rng.random() < 0.5:
                    connection.shutdown(socket.SHUT_WR)
                self.hold(connection)
        elif name == "reset":
            connection = self.connect()
            if connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.send(framed(real), kind, rng.choice((0, 0.01)), connection)
        elif name == "many connections":
            opened = []
            for _ in range(self.connections):
                connection = self.connect()
                if not connection:
                    break
                opened.append(connection)
                self.counts[kind] += 1
            for connection in opened:
                try:
                    connection.sendall(brokers.API_VERSIONS)
                except OSError:
                    pass
            for connection in opened:
                try:
                    connection.settimeout(0.5)
                    self.answers[kind] += bool(connection.recv(1000))
                except OSError:
                    pass
                connection.close()
        elif name == "unread fetches":
            connection = self.connect()
            if connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                self.send(b"".join(framed(fetch(self.topic, 0, rng.randrange(4))) for _ in range(20)), kind, 0, connection, close=False)
                self.hold(connection)
        elif name == "new groups and members":
            connection = self.connect()
            for _ in range(20):
                group, metadata = b"fuzz-%d" % rng.randrange(10_000_000), rng.randbytes(rng.choice((10, 1000, 30_000)))
                frame = rng.choice((
                    header(11, 2) + text(group) + struct.pack(">ii", 300_000, 300_000) + text(b"") + text(b"consumer") + struct.pack(">i", 1) + text(b"range")
                    + struct.pack(">i", len(metadata)) + metadata,
                    header(8, 2) + text(group) + struct.pack(">i", -1) + text(b"") + struct.pack(">q", -1) + struct.pack(">i", 1) + text(self.topic)
                    + struct.pack(">iiq", 1, 0, 5) + text(metadata[:rng.choice((10, 5000, 30_000))]),
                    header(22, 0) + struct.pack(">hi", -1, 60_000)))
                if not connection or not self.send(framed(frame), kind, 0.05, connection, close=False):
                    break
            if connection:
                connection.close()


class Stop:
    """An event for all workers, which also says whether the run failed."""

    def __init__(self):
        self.event, self.value_is_failure = multiprocessing.Event(), multiprocessing.Value("b", 0)

    def is_set(self):
        return self.event.is_set()

    def set(self, failed):
        self.value_is_failure.value = failed
        self.event.set()


# The honest client.

class Honest:
    """Writes numbered records and reads them back, all the while; says what is late, lost or twice."""

    def __init__(self, bootstrap, limit, rate=50):
        self.bootstrap, self.limit, self.rate = bootstrap, limit, rate
        self.topic = f"honest-{random.SystemRandom().randrange(1 << 64):x}"
        administrator = AdminClient({"bootstrap.servers": bootstrap, "logger": QUIET})
        administrator.create_topics([NewTopic(self.topic, 2, 1)])[self.topic].result(30)
        self.stopping, self.sent, self.read, self.latencies, self.complaint, self.greetings = threading.Event(), {}, set(), [], None, 0
        self.threads = [threading.Thread(target=body, daemon=True) for body in (self.write, self.follow, self.greet)]
        for thread in self.threads:
            thread.start()

    def complain(self, what):
        self.complaint = self.complaint or what

    def write(self):
        producer = confluent.Producer({"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "linger.ms": 5, "logger": QUIET, "error_cb": lambda e: None,
                                       "message.timeout.ms": int(self.limit * 3000)})
        number = 0

        def delivered(failure, _):
            if failure:
                self.complain(f"an honest record was refused: {failure}")
        while not self.stopping.is_set():
            self.sent[number] = time.monotonic()
            producer.produce(self.topic, b"%d" % number + b"." * 200, partition=number % 2, on_delivery=delivered)
            number += 1
            producer.poll(0)
            self.stopping.wait(1 / self.rate)
        if producer.flush(self.limit):
            self.complain("honest records without an answer at the end")

    def follow(self):
        consumer = confluent.Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.topic, "auto.offset.reset": "earliest", "logger": QUIET, "error_cb": lambda e: None,
                                       "auto.commit.interval.ms": 1000})
        consumer.subscribe([self.topic])
        while not self.stopping.is_set() or len(self.read) < len(self.sent):
            message = consumer.poll(0.2)
            now = time.monotonic()
            if message and not message.error():
                number = int(message.value().rstrip(b"."))
                if number in self.read:
                    self.complain(f"honest record {number} was read twice")
                self.read.add(number)
                self.latencies.append(now - self.sent[number])
            if len(self.read) < len(self.sent):
                oldest = self.sent.get(len(self.read), now)
                if now - oldest > self.limit and now - min((self.sent[n] for n in range(max(0, len(self.read) - 100), len(self.sent)) if n not in self.read), default=now) > self.limit:
                    self.complain(f"an honest record was not read within {self.limit:.0f} s")
                    break
        consumer.close()

    def greet(self):
        """A new connection every second must be answered."""
        while not self.stopping.wait(1):
            end = time.monotonic() + self.limit
            while not brokers.answers(self.bootstrap, timeout=self.limit):
                if time.monotonic() > end or self.stopping.is_set():
                    self.complain(f"a new connection had no answer within {self.limit:.0f} s")
                    break
                time.sleep(0.05)
            self.greetings += 1

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(self.limit + 20)
        if not self.complaint and len(self.read) != len(self.sent):
            self.complain(f"{len(self.sent)} honest records sent, {len(self.read)} read")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    brokers.add_options(parser)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--workers", type=int, default=3, help="processes that attack (default 3)")
    parser.add_argument("--connections", type=int, default=100, help="connections that each worker keeps open or opens at once (default 100)")
    parser.add_argument("--leave-out", metavar="TEXT", action="append", default=[],
                        help="leave out the kinds whose name contains this; may be repeated. An Apache Kafka of 512 MiB heap ends by: oversized, bomb, huge, unread, mutated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rss-max-mib", type=float, default=200, help="the broker's memory (VmHWM) may not exceed this (default 200)")
    parser.add_argument("--honest-limit", type=float, default=10, help="seconds within which an honest record must be read, and a connection answered (default 10)")
    parser.add_argument("--seeds", metavar="FILE", help="keep the captured frames here; used again when it exists")
    parser.add_argument("--dump", metavar="DIR", default=os.path.join(brokers.PROJECT, ".local", "fuzz-dump"), help="where the last frames go when it fails")
    parser.add_argument("--write", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    for left_out in options.leave_out:
        if not any(left_out in kind for kind in KINDS):
            parser.error(f"--leave-out {left_out}: the kinds are {', '.join(KINDS)}")
    if options.bootstrap and not options.pid:
        parser.error("--bootstrap needs --pid: the broker's memory is part of what is proved")
    with brokers.from_options(parser, options) as broker:
        return fuzz(broker, options)


def seeds_of(broker, options):
    if options.seeds and os.path.exists(options.seeds):
        with open(options.seeds) as file:
            return [bytes.fromhex(line.strip()) for line in file if line.strip()]
    frames = capture(broker.bootstrap)
    if options.seeds:
        with open(options.seeds, "w") as file:
            file.writelines(frame.hex() + "\n" for frame in frames)
    return frames


def fuzz(broker, options):
    say(f"{broker.name} at {broker.bootstrap}, process {broker.pid}; seed {options.seed}")
    seeds = seeds_of(broker, options)
    if not seeds:
        say("FAILED: no frames could be captured")
        return 1
    topic = f"target-{os.getpid()}"
    administrator = AdminClient({"bootstrap.servers": broker.bootstrap, "logger": QUIET})
    administrator.create_topics([NewTopic(topic, 4, 1)])[topic].result(30)
    start_memory, start_descriptors = brokers.process_memory(broker.pid), brokers.descriptors(broker.pid)
    # Before any thread of ours starts: the workers are forked.
    stop = Stop()
    counts = [multiprocessing.Array("q", len(KINDS), lock=False) for _ in range(options.workers)]
    answered = [multiprocessing.Array("q", len(KINDS), lock=False) for _ in range(options.workers)]
    context = multiprocessing.get_context("fork")
    workers = []
    for i in range(options.workers):
        attacker = Attacker(i, broker.bootstrap, topic.encode(), seeds, options.seed, counts[i], answered[i], stop, options.dump, options.connections, options.leave_out)
        workers.append(context.Process(target=attacker.run, daemon=True))
        workers[-1].start()
    honest = Honest(broker.bootstrap, options.honest_limit)
    samples, failure, begun, told = [], None, time.monotonic(), time.monotonic()
    while time.monotonic() - begun < options.minutes * 60 and not failure:
        time.sleep(0.5)
        memory, files = brokers.process_memory(broker.pid), brokers.descriptors(broker.pid)
        if not memory or not broker.alive():
            failure = f"the broker is gone after {time.monotonic() - begun:.0f} s\n{broker.log_tail()}"
            break
        samples.append((time.monotonic() - begun, *memory, files or 0))
        if memory[1] > options.rss_max_mib:
            failure = f"memory of {memory[1]:.0f} MiB exceeds {options.rss_max_mib:.0f} MiB after {time.monotonic() - begun:.0f} s"
        failure = failure or honest.complaint
        if time.monotonic() - told > 30:
            told = time.monotonic()
            recent = honest.latencies[-500:]
            say(f"{told - begun:6.0f} s  {sum(map(sum, counts)):9,d} sent  memory {memory[0]:6.1f} MiB, at most {memory[1]:6.1f}  {files:5d} descriptors  "
                f"honest: {len(honest.read):,} read, lately {statistics.median(recent) * 1000 if recent else 0:.0f} ms, at most {max(recent, default=0) * 1000:.0f} ms")
    stop.set(bool(failure))
    for worker in workers:
        worker.join(20)
        if worker.is_alive():
            worker.kill()
    honest.stop()
    failure = failure or honest.complaint
    after = None
    if broker.alive():
        time.sleep(2)
        after = (brokers.process_memory(broker.pid), brokers.descriptors(broker.pid))
    return report(broker, options, counts, answered, samples, honest, failure, (start_memory, start_descriptors), after)


def report(broker, options, counts, answered, samples, honest, failure, before, after):
    say("\n| kind | sent | answered |\n| --- | --- | --- |")
    for i, kind in enumerate(KINDS):
        say(f"| {kind} | {sum(c[i] for c in counts):,} | {sum(a[i] for a in answered):,} |")
    latencies = sorted(honest.latencies)
    figures = {
        "broker": broker.name, "seconds": round(samples[-1][0]) if samples else 0, "seed": options.seed, "sent": sum(map(sum, counts)),
        "memory before MiB": before[0] and round(before[0][0], 1), "memory at most MiB": round(max((s[2] for s in samples), default=0), 1),
        "memory after MiB": after and after[0] and round(after[0][0], 1), "descriptors before": before[1], "descriptors at most": max((s[3] for s in samples), default=0),
        "descriptors after": after and after[1], "honest records": len(honest.sent), "honest records read": len(honest.read), "new connections answered": honest.greetings,
        "honest latency p50 ms": round(latencies[len(latencies) // 2] * 1000, 1) if latencies else None,
        "honest latency p99 ms": round(latencies[len(latencies) * 99 // 100] * 1000, 1) if latencies else None,
        "honest latency at most ms": round(latencies[-1] * 1000, 1) if latencies else None,
        "failure": failure, "sent by kind": {kind: sum(c[i] for c in counts) for i, kind in enumerate(KINDS)},
    }
    say("\n| what | figure |\n| --- | --- |")
    for name, value in figures.items():
        if name not in ("failure", "sent by kind"):
            say(f"| {name} | {value} |")
    if options.write:
        with open(options.write, "w") as file:
            json.dump(figures, file, indent=1)
            file.write("\n")
    say(f"FAILED: {failure}\nthe last frames of each worker are in {options.dump}" if failure else "ok: the broker lives, is small, and served the honest client")
    return 1 if failure else 0


if __name__ == "__main__":
    brokers.main(main)
