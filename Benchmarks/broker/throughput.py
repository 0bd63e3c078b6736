#!/usr/bin/env python3
"""Records a second of our local-broker and of an Apache Kafka, side by side, by the same clients.

    throughput.py --kafka-home DIR [--local-broker PATH] [--rounds 5] [--records 1000000] [--write FILE]

Both brokers run at once; each round asks one, then the other, and the order changes from round to round. 200-byte records, acks=all, one
topic a broker, round and client. Clients: Kafka's own Java tools (through the control script), confluent-kafka (today's librdkafka) and
kcat (Debian's librdkafka). Start: from the process to its first answer to ApiVersions. Memory: VmHWM. Without one of the two brokers only
the other is measured.
"""
import argparse
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "Tests", "Oracles"))
import brokers  # noqa: E402
from brokers import BrokerFailure, say  # noqa: E402

try:
    import confluent_kafka as confluent
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError as missing:
    sys.exit(f"throughput.py: {missing}; pip install confluent-kafka")

SIZE = 200
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process so far; proc(5), fields 14 and 15."""
    with open(f"/proc/{pid}/stat") as file:
        return sum(int(field) for field in file.read().rpartition(")")[2].split()[11:13]) / TICKS


def run(command, limit=600, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit, **more)
    if done.returncode:
        raise BrokerFailure(f"{os.path.basename(command[0])} {' '.join(command[1:3])}: status {done.returncode}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout + done.stderr


# Each client: produce(broker, topic, count) and consume(broker, topic, count), both records a second.

def java_produce(control):
    def produce(bootstrap, topic, count):
        output = run([control, "producer-perf", "--bootstrap-server", bootstrap, "--topic", topic, "--num-records", str(count), "--record-size", str(SIZE), "--throughput", "-1",
                      "--command-property", "acks=all", "linger.ms=5", "batch.size=65536", "buffer.memory=67108864"])
        found = re.findall(r"records sent, ([\d.]+) records/sec", output)
        if not found:
            raise BrokerFailure(f"producer-perf printed no rate: {output[-300:]}")
        return float(found[-1])
    return produce


def java_consume(control):
    def consume(bootstrap, topic, count):
        output = run([control, "consumer-perf", "--bootstrap-server", bootstrap, "--topic", topic, "--num-records", str(count), "--hide-header", "--timeout", "20000"])
        # start.time, end.time, data in MB, MB/sec, records, records/sec, rebalance ms, fetch ms, fetch MB/sec, fetch records/sec
        line = [line for line in output.splitlines() if line.count(",") >= 9][-1]
        fields = [field.strip() for field in line.split(",")]
        if int(float(fields[4])) < count:
            raise BrokerFailure(f"consumer-perf read {fields[4]} of {count} records")
        return float(fields[9])
    return consume


def confluent_produce(bootstrap, topic, count):
    producer = confluent.Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 5, "batch.size": 65_536 * 4, "queue.buffering.max.messages": 500_000})
    producer.list_topics(topic, timeout=20)
    value, partitions, failed = os.urandom(SIZE), 4, []
    report = lambda failure, _: failed.append(failure) if failure else None
    begun = time.monotonic()
    for i in range(count):
        while True:
            try:
                producer.produce(topic, value, partition=i // 1000 % partitions, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.05)
        if not i % 1000:
            producer.poll(0)
    left = producer.flush(120)
    seconds = time.monotonic() - begun
    if failed or left:
        raise BrokerFailure(f"confluent-kafka: {len(failed)} records refused, {left} without an answer: {failed[:1]}")
    return count / seconds


def confluent_consume(bootstrap, topic, count):
    """From the first record on, as the Java tool does: joining and connecting are not in it."""
    consumer = confluent.Consumer({"bootstrap.servers": bootstrap, "group.id": f"throughput-{time.time_ns()}", "enable.auto.commit": False, "auto.offset.reset": "earliest",
                                   "fetch.max.bytes": 52_428_800, "queued.min.messages": 1_000_000})
    consumer.assign([confluent.TopicPartition(topic, p, 0) for p in range(4)])
    first = consumer.consume(1, 30)
    begun, read, waited = time.monotonic(), len(first), time.monotonic()
    while read < count and time.monotonic() - waited < 30:
        batch = consumer.consume(10_000, 0.5)
        if batch:
            waited = time.monotonic()
            read += len(batch)
    seconds = time.monotonic() - begun
    consumer.close()
    if read < count:
        raise BrokerFailure(f"confluent-kafka read {read} of {count} records")
    return count / seconds


class Kcat:
    """kcat reads lines from a file; the time of its start and connecting is in the figures of both brokers."""

    def __init__(self, folder, count):
        self.path = os.path.join(folder, "lines")
        with open(self.path, "wb") as file:
            for i in range(count):
                file.write((b"%012d " % i).ljust(SIZE, b"x") + b"\n")

    def produce(self, bootstrap, topic, count):
        begun = time.monotonic()
        with open(self.path, "rb") as lines:
            run(["kcat", "-P", "-b", bootstrap, "-t", topic, "-X", "acks=all", "-X", "linger.ms=5", "-X", "queue.buffering.max.messages=500000"], stdin=lines)
        return count / (time.monotonic() - begun)

    def consume(self, bootstrap, topic, count):
        begun = time.monotonic()
        done = subprocess.run(["kcat", "-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-e", "-q", "-f", ".", "-X", "fetch.wait.max.ms=10"], capture_output=True, timeout=600)
        seconds = time.monotonic() - begun
        if len(done.stdout) != count:
            raise BrokerFailure(f"kcat read {len(done.stdout)} of {count} records: {done.stderr.decode(errors='replace')[-300:]}")
        return count / seconds


def measure(brokers_by_name, clients, options):
    """{client: {produce|consume: {broker: [records a second]}}} and the brokers' CPU in µs a record likewise."""
    rates, costs = {}, {}
    administrators = {name: AdminClient({"bootstrap.servers": broker.bootstrap}) for name, broker in brokers_by_name.items()}
    for turn in range(options.rounds):
        order = list(brokers_by_name.items())
        if turn % 2:
            order.reverse()
        for client, (produce, consume, count) in clients.items():
            topic = f"throughput-{client.replace(' ', '-')}-{turn}"
            for name, _ in order:
                administrators[name].create_topics([NewTopic(topic, 4, 1)])[topic].result(30)
            for what, function in (("produce", produce), ("consume", consume)):
                line = []
                for name, broker in order:
                    before = cpu_seconds(broker.pid)
                    rate = function(broker.bootstrap, topic, count)
                    rates.setdefault(client, {}).setdefault(what, {}).setdefault(name, []).append(rate)
                    costs.setdefault(client, {}).setdefault(what, {}).setdefault(name, []).append((cpu_seconds(broker.pid) - before) / count * 1e6)
                    line.append(f"{name} {rate:,.0f}")
                say(f"round {turn + 1}  {client:<16} {what}  {'  '.join(sorted(line))} records a second")
            for name, _ in order:
                administrators[name].delete_topics([topic])[topic].result(30)
    return rates, costs


def starts(broker, count):
    """Milliseconds to the first answer after a clean stop, on data that the rounds left."""
    found = []
    for _ in range(count):
        broker.stop()
        found.append(broker.restart() * 1000)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--local-broker", metavar="PATH", default=brokers.LOCAL_BROKER, help="our broker (default: .build/release/local-broker)")
    parser.add_argument("--kafka-home", metavar="DIR", default=os.environ.get("KAFKA_HOME"), help="an Apache Kafka: DIR holds its control script, kafka (default: KAFKA_HOME)")
    parser.add_argument("--data", metavar="DIR", help="where both keep their data (default: a temporary folder, removed at the end)")
    parser.add_argument("--broker-option", metavar="ARG", action="append", default=[], help="an argument more for the local-broker; may be repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=1_000_000, help="records a round and client (default 1000000)")
    parser.add_argument("--clients", default="java,confluent,kcat", help="of java, confluent, kcat (default all)")
    parser.add_argument("--starts", type=int, default=3, help="restarts that are measured (default 3)")
    parser.add_argument("--write", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    wanted = options.clients.split(",")
    if unknown := set(wanted) - {"java", "confluent", "kcat"}:
        parser.error(f"--clients: {' '.join(unknown)} is none of java, confluent, kcat")
    if "kcat" in wanted and not shutil.which("kcat"):
        parser.error("kcat is not installed (Debian: kcat); or leave it out by --clients java,confluent")
    if "java" in wanted and not options.kafka_home:
        parser.error("the Java tools come with an Apache Kafka: name it with --kafka-home, or leave them out by --clients confluent,kcat")
    folder = tempfile.mkdtemp(prefix="assay-throughput-", dir=options.data)
    chosen = {}
    if os.access(options.local_broker, os.X_OK):
        chosen["local-broker"] = brokers.LocalBroker(parser, options.local_broker, os.path.join(folder, "ours"), options.broker_option)
    else:
        say(f"there is no program {options.local_broker}: only the other broker is measured")
    if options.kafka_home:
        chosen["Apache Kafka"] = brokers.KafkaBroker(parser, options.kafka_home, os.path.join(folder, "theirs"), [])
    if not chosen:
        parser.error("no broker to measure: build local-broker, or name an Apache Kafka with --kafka-home")
    try:
        return compare(chosen, wanted, folder, options)
    finally:
        for broker in chosen.values():
            try:
                broker.kill()
            except (OSError, subprocess.SubprocessError):
                pass
        shutil.rmtree(folder, ignore_errors=True)


def compare(chosen, wanted, folder, options):
    first = {name: broker.start() * 1000 for name, broker in chosen.items()}
    clients, control = {}, options.kafka_home and os.path.join(os.path.abspath(options.kafka_home), "kafka")
    if "java" in wanted:
        clients["Java"] = (java_produce(control), java_consume(control), options.records)
    if "confluent" in wanted:
        clients["confluent-kafka"] = (confluent_produce, confluent_consume, options.records)
    if "kcat" in wanted:
        kcat = Kcat(folder, options.records)
        clients["kcat"] = (kcat.produce, kcat.consume, options.records)
    load = os.getloadavg()[0]
    rates, costs = measure(chosen, clients, options)
    memory = {name: brokers.process_memory(broker.pid) for name, broker in chosen.items()}
    again = {name: starts(broker, options.starts) for name, broker in chosen.items()}
    names, both = list(chosen), len(chosen) == 2
    median = statistics.median

    def row(what, figures, form, better=None):
        cells = [form(median(figures[name])) for name in names]
        ratio = [f"{median(figures[names[0]]) / median(figures[names[1]]):.2f}"] if both else []
        say(f"| {what} | {' | '.join(cells + ratio)} |")
    say(f"\n{datetime.date.today()}, {os.cpu_count()} processors, {platform.release()}, load at the start {load:.1f}; {options.rounds} rounds of {options.records:,} records of "
        f"{SIZE} bytes, 4 partitions, acks=all; medians\n")
    say(f"| figure | {' | '.join(names)} |" + (" ratio |" if both else ""))
    say("| --- |" + " --- |" * (len(names) + both))
    for client in rates:
        for what in ("produce", "consume"):
            row(f"{client}: {what}, records a second", rates[client][what], lambda value: f"{value:,.0f}")
    for client in costs:
        for what in ("produce", "consume"):
            row(f"{client}: {what}, the broker's CPU a record, µs", costs[client][what], lambda value: f"{value:.2f}")
    row("first start to first answer, ms", {name: [value] for name, value in first.items()}, lambda value: f"{value:,.0f}")
    row("start after the rounds to first answer, ms", again, lambda value: f"{value:,.0f}")
    row("memory at most (VmHWM), MiB", {name: [value[1]] for name, value in memory.items()}, lambda value: f"{value:.0f}")
    if options.write:
        with open(options.write, "w") as file:
            json.dump({"date": str(datetime.date.today()), "rounds": options.rounds, "records": options.records, "record bytes": SIZE, "processors": os.cpu_count(), "load": load,
                       "records a second": rates, "broker CPU µs a record": costs, "first start ms": first, "start ms": again,
                       "memory MiB": {name: {"VmRSS": value[0], "VmHWM": value[1]} for name, value in memory.items()}}, file, indent=1, ensure_ascii=False)
            file.write("\n")
    return 0


if __name__ == "__main__":
    brokers.main(main)
