"""A local stack of its own, for the acceptance test and the benchmarks: `assay up` and what one asks it."""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = ("ingest", "feature-extractor", "scorer")
MARK = "assay-test-stack"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failure(Exception):
    pass


def find_data(given):
    """The folder with the handbook's files."""
    folder = os.path.abspath(given or os.path.join(PROJECT, "..", "shared", "data"))
    for name in ("handbook-7d-pre.csv.gz", "handbook-7d.csv.gz", "handbook-7d-features-train.csv.gz"):
        if not os.path.exists(os.path.join(folder, name)):
            raise Failure(f"{folder} has no {name}; name the folder that has it with --data")
    return folder


def history(data):
    """The transactions' files in order of time."""
    return [os.path.join(data, "handbook-7d-pre.csv.gz"), os.path.join(data, "handbook-7d.csv.gz")]


def csv_options(data):
    return [option for path in history(data) for option in ("--csv", path)]


class Stack:
    """PostgreSQL, Kafka and the services under `directory`, which is emptied first if an earlier run left it."""

    def __init__(self, directory, binaries, replicas=2, model=None, environment=None):
        self.directory = os.path.abspath(directory)
        self.binaries = os.path.abspath(binaries)
        self.replicas = replicas
        self.model = model
        self.environment = {**os.environ, **(environment or {})}
        if os.path.isdir(self.directory):
            if not os.path.exists(os.path.join(self.directory, MARK)):
                raise Failure(f"{self.directory} was not made by this test; name another --directory")
            self.remove()
        os.makedirs(self.directory)
        open(os.path.join(self.directory, MARK), "w").close()

    # Starting and stopping

    def up_command(self, *options):
        command = [f"{self.binaries}/assay", "up", "--directory", self.directory, "--replicas", str(self.replicas)]
        return command + (["--model", self.model] if self.model else []) + list(options)

    def up(self, *options):
        """Starts what does not run; also how a replica that was killed comes back."""
        log = os.path.join(self.directory, "up.log")
        with open(log, "a") as output:
            code = subprocess.call(self.up_command(*options), cwd=PROJECT, env=self.environment, stdout=output, stderr=output)
        if code != 0:
            raise Failure(f"assay up ended with {code}; {log} ends with: {tail(log)}")

    def down(self):
        subprocess.call(
            [f"{self.binaries}/assay", "down", "--directory", self.directory], cwd=PROJECT, env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def remove(self):
        self.down()
        postgres = os.path.join(self.directory, "postgres")
        if os.path.islink(postgres):  # Where the server's user cannot reach the folder, a link leads to its files.
            shutil.rmtree(os.path.realpath(postgres), ignore_errors=True)
        shutil.rmtree(self.directory)

    # Asking

    @property
    def record(self):
        values = {}
        with open(os.path.join(self.directory, "stack.env")) as lines:
            for line in lines:
                key, _, value = line.rstrip("\n").partition("=")
                values[key] = value[1:-1].replace("'\\''", "'")
        return values

    def command_environment(self):
        return {**self.environment, **self.record}

    def assay(self, *arguments, check=True):
        done = subprocess.run(
            [f"{self.binaries}/assay", *arguments], cwd=PROJECT, env=self.command_environment(), capture_output=True, text=True)
        if check and done.returncode != 0:
            raise Failure(f"assay {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done

    def start_assay(self, *arguments, log):
        """In the background, its output in a file."""
        with open(log, "w") as output:
            return subprocess.Popen(
                [f"{self.binaries}/assay", *arguments], cwd=PROJECT, env=self.command_environment(), stdout=output, stderr=output)

    def sql(self, query):
        """Rows as lists of texts."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", query, self.record["ASSAY_POSTGRES_URL"]],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"psql: {done.stderr.strip()} in: {query}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def number(self, query):
        return int(self.sql(query)[0][0] or 0)

    def through(self):
        """Records that the last stage has said something of, or that were rejected."""
        return self.number(
            "SELECT (SELECT coalesce(sum(accepted), 0) FROM pipeline.progress WHERE stage = 'score')"
            " + (SELECT count(*) FROM ledger.rejected)")

    def status(self):
        return json.loads(self.assay("status", "--directory", self.directory, "--json").stdout)

    def processes(self):
        """Numbers of the processes by name, such as scorer-2."""
        found = {}
        for path in glob.glob(os.path.join(self.directory, "run", "*.pid")):
            with open(path) as file:
                found[os.path.basename(path)[:-4]] = int(file.readline().split()[0])
        return found

    def signal(self, name, number):
        os.kill(self.processes()[name], number)

    def wait_for(self, what, is_done, limit):
        """Asks five times a second: nobody tells us."""
        deadline = time.monotonic() + limit
        while not is_done():
            if time.monotonic() > deadline:
                raise Failure(f"waited {limit} s for {what}")
            time.sleep(0.2)

    def drain(self, total, each=None, silence=120):
        """Waits until `total` records are through; `each` is told how many are, after each look."""
        bar = Progress("     scored", total)
        last, changed = -1, time.monotonic()
        while True:
            done = self.through()
            bar.show(done)
            if each:
                each(done)
            if done >= total:
                bar.end()
                return
            if done != last:
                last, changed = done, time.monotonic()
            elif time.monotonic() - changed > silence:
                bar.end()
                raise Failure(f"nothing moved for {silence} s at {done} of {total}; look into {self.directory}/log")
            time.sleep(0.25)


class Progress:
    """One line that is written over on a terminal, one line for each tenth elsewhere."""

    def __init__(self, label, total):
        self.label, self.total, self.start, self.shown = label, total, time.monotonic(), -1
        self.is_terminal = sys.stderr.isatty()

    def show(self, done):
        tenth = done * 10 // self.total
        text = f"{self.label} {done:,} of {self.total:,} ({100 * done // self.total} %), {time.monotonic() - self.start:.0f} s"
        if self.is_terminal:
            print("\r\x1b[K" + text, end="", file=sys.stderr, flush=True)
        elif tenth != self.shown:
            self.shown = tenth
            say(text)

    def end(self):
        if self.is_terminal:
            print(file=sys.stderr)


def produced(log):
    """The summary that `assay produce --json` wrote last."""
    with open(log) as file:
        for line in reversed(file.read().replace("\r", "\n").splitlines()):
            start = line.find("{")
            if start >= 0:
                return json.loads(line[start:])
    raise Failure(f"{log} has no summary: {tail(log)}")


def tail(path, count=3):
    with open(path, errors="replace") as file:
        return " | ".join(file.read().splitlines()[-count:])


def table(columns, rows):
    """Lines of a table; numbers to the right."""
    cells = [columns] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    right = [all(line[index][:1].isdigit() or line[index] in ("", "-") for line in cells[1:]) for index in range(len(columns))]
    return "\n".join(
        "  ".join(cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in zip(line, widths, right)).rstrip()
        for line in cells)


def stop_on_signals():
    """SIGTERM unwinds as Ctrl-C does, so that the stack is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
