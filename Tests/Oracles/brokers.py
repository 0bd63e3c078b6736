"""A broker for the scripts beside this one: one that runs already, our own local-broker, or an Apache Kafka.

    --bootstrap HOST:PORT     one that runs already; it cannot be killed or measured, unless --pid tells its process
    --local-broker PATH       start this program (default: .build/release/local-broker)
    --kafka-home DIR          start an Apache Kafka by the control script DIR/kafka

Broker.start() returns the seconds until the first answer to an ApiVersions request, which is what a client asks first.
"""
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOCAL_BROKER = os.path.join(PROJECT, ".build", "release", "local-broker")
# An ApiVersions request, version 0, correlation 1, client id "probe".
API_VERSIONS = struct.pack(">ihhih5s", 15, 18, 0, 1, 5, b"probe")


class BrokerFailure(Exception):
    pass


def add_options(parser, several=False):
    """The options that choose a broker; `several` is for scripts that use two of them side by side."""
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="use a broker that runs already")
    parser.add_argument("--pid", type=int, help="the process of --bootstrap, for what is measured of it")
    parser.add_argument("--local-broker", metavar="PATH", default=None if several else LOCAL_BROKER,
                        help="start this local-broker (default: .build/release/local-broker)")
    parser.add_argument("--kafka-home", metavar="DIR", help="start an Apache Kafka: DIR holds its control script, kafka")
    parser.add_argument("--data", metavar="DIR", help="where the broker keeps its data (default: a temporary folder, removed at the end)")
    parser.add_argument("--broker-option", metavar="ARG", action="append", default=[],
                        help="an argument more for the local-broker, or key=value for an Apache Kafka; may be repeated")


def from_options(parser, options):
    if options.bootstrap:
        host, colon, port = options.bootstrap.rpartition(":")
        if not colon or not port.isdigit():
            parser.error(f"--bootstrap {options.bootstrap}: expected HOST:PORT, for instance 127.0.0.1:9092")
        return RunningBroker(options.bootstrap, options.pid)
    if options.kafka_home:
        return KafkaBroker(parser, options.kafka_home, options.data, options.broker_option)
    return LocalBroker(parser, options.local_broker or LOCAL_BROKER, options.data, options.broker_option)


def free_port():
    """A free port whose successor is free too: an Apache Kafka takes both."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except (OSError, OverflowError):
                continue


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("closed by the broker")
        data += part
    return data


def answers(bootstrap, timeout=5.0):
    """Whether the broker answers an ApiVersions request now."""
    host, _, port = bootstrap.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=timeout) as connection:
            connection.sendall(API_VERSIONS)
            size = struct.unpack(">i", read_exactly(connection, 4))[0]
            answer = read_exactly(connection, size)
            return answer[:6] == struct.pack(">ih", 1, 0)
    except OSError:
        return False


def process_memory(pid):
    """(VmRSS, VmHWM) in MiB, or None when the process is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    except (OSError, KeyError):
        return None


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None


def folder_size(path):
    """Bytes on the disk (blocks, as preallocated indexes are sparse)."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


class Broker:
    """bootstrap, pid, data; start(), kill(), stop(), restart(), close()."""

    name = "broker"
    pid = None
    data = None

    def __enter__(self):
        self.start_seconds = self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def await_answer(self, process, begun, limit):
        """Seconds from `begun` to the first answer. `process` is watched, so that a start that fails is seen at once."""
        while not answers(self.bootstrap, timeout=1):
            if process.poll() not in (None, 0):
                raise BrokerFailure(f"{self.name} ended with status {process.returncode} while starting; see {self.log_path}\n{self.log_tail()}")
            if time.monotonic() - begun > limit:
                raise BrokerFailure(f"{self.name} gave no answer at {self.bootstrap} within {limit} s; see {self.log_path}\n{self.log_tail()}")
            time.sleep(0.002)
        return time.monotonic() - begun

    def log_tail(self, count=15):
        try:
            with open(self.log_path, errors="replace") as file:
                return "".join(file.readlines()[-count:])
        except OSError:
            return ""

    def alive(self):
        if self.pid is None:
            return answers(self.bootstrap)
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def use_folder(self, data, name):
        self.temporary = None if data else tempfile.mkdtemp(prefix=f"assay-{name}-")
        self.data = os.path.abspath(data or self.temporary)
        os.makedirs(self.data, exist_ok=True)

    def remove_folder(self):
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)


class RunningBroker(Broker):
    name = "running broker"
    log_path = "its own log"

    def __init__(self, bootstrap, pid):
        self.bootstrap, self.pid = bootstrap, pid

    def start(self):
        if not answers(self.bootstrap):
            raise BrokerFailure(f"nothing answers the Kafka protocol at {self.bootstrap}")
        return None

    def close(self):
        pass


class LocalBroker(Broker):
    name = "local-broker"

    def __init__(self, parser, path, data, extra):
        if not os.access(path, os.X_OK):
            parser.error(f"there is no program {path}; build it (swift build -c release), name it with --local-broker, "
                         "or choose another broker with --bootstrap or --kafka-home")
        self.path, self.extra, self.process = os.path.abspath(path), extra, None
        self.use_folder(data, "local-broker")
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self.log_path = os.path.join(self.data, "local-broker.log")
        self.log = None

    def start(self, limit=60):
        self.log = self.log or open(self.log_path, "ab")
        begun = time.monotonic()
        self.process = subprocess.Popen([self.path, "--data", os.path.join(self.data, "log"), "--listen", self.bootstrap, *self.extra],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.pid = self.process.pid
        return self.await_answer(self.process, begun, limit)

    restart = start

    def kill(self, number=signal.SIGKILL, limit=30):
        """Ends the process; the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise BrokerFailure(f"{self.name} did not end within {limit} s of signal {number}")

    def stop(self):
        return self.kill(signal.SIGTERM)

    def close(self):
        try:
            self.stop()
        finally:
            if self.log:
                self.log.close()
            self.remove_folder()


class KafkaBroker(Broker):
    name = "Apache Kafka"

    def __init__(self, parser, home, data, extra):
        self.control = os.path.join(os.path.abspath(home), "kafka")
        if not os.access(self.control, os.X_OK):
            parser.error(f"--kafka-home {home}: there is no control script {self.control}")
        self.use_folder(data, "kafka")
        self.folder = os.path.join(self.data, "kafka")
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self.extra = [part for pair in extra for part in ("--set", pair)]
        self.log_path = os.path.join(self.folder, "1", "log", "server.log")

    def run(self, *arguments, limit=90):
        """Runs the control script in the background until the broker answers; then waits for the script's own view."""
        begun = time.monotonic()
        process = subprocess.Popen([self.control, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        seconds = self.await_answer(process, begun, limit)
        complaint = process.communicate(timeout=limit)[1].decode(errors="replace")
        if process.returncode:
            raise BrokerFailure(f"{self.name} did not start: {complaint.strip()}")
        with open(os.path.join(self.folder, "1", "pid")) as file:
            self.pid = int(file.read())
        return seconds

    def start(self):
        return self.run("start", self.folder, "--port", self.bootstrap.rpartition(":")[2], *self.extra)

    def restart(self):
        return self.run("revive", self.folder, "1")

    def kill(self, number=signal.SIGKILL):
        if number == signal.SIGKILL:
            subprocess.run([self.control, "kill", self.folder], check=True, stdout=subprocess.DEVNULL)
        else:
            subprocess.run([self.control, "stop", self.folder], check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        self.kill(signal.SIGTERM)

    def close(self):
        if os.path.isdir(self.folder):
            self.kill(signal.SIGKILL if self.temporary else signal.SIGTERM)
        self.remove_folder()


def say(*words):
    print(*words, flush=True)


def main(run):
    """Runs a script's main function: one line for what goes wrong, and the temporary folder of a broker removed on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        status = run()
    except BrokerFailure as failure:
        print(failure, file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.stdout.flush()
    sys.exit(status)
