"""Record batches as kafka-python builds them: name, records as offset:timestamp, and the batch in hex, one a line.

    record_batches.py > Tests/RecordLogTests/Golden/batches.txt

Needs kafka-python from PyPI; the answers are committed, so the tests do not.
"""

import gzip  # noqa: F401  what kafka-python compresses with
import os
from unittest import mock

from kafka.record.default_records import DefaultRecordBatchBuilder

CASES = [
    ("plain", dict(), [(1_700_000_000_000, b"k", b"v")]),
    ("several", dict(), [(1_700_000_000_000 + d, b"key", b"value %d" % i) for i, d in enumerate([0, 5, -3, 1000, 1000, 70_000])]),
    ("null-key-and-value", dict(), [(1_600_000_000_000, None, None), (1_600_000_000_001, b"", b"")]),
    ("headers", dict(), [(1_650_000_000_000, b"k", b"v", [("trace", b"\x00\xff"), ("none", None)])]),
    ("gzip", dict(compression_type=1), [(1_700_000_000_000 + i * 7 % 13, b"key", b"value " * 30) for i in range(20)]),
    ("idempotent", dict(producer_id=4711, producer_epoch=3, base_sequence=2_147_483_646), [(1_700_000_000_000, None, b"x")] * 3),
    ("large", dict(), [(1_700_000_000_000 + i, b"%d" % i, bytes(range(256)) * 2) for i in range(40)]),
]


def main():
    for name, options, records in CASES:
        options = dict(
            dict(compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1), **options)
        builder = DefaultRecordBatchBuilder(magic=2, batch_size=1 << 20, **options)
        for offset, record in enumerate(records):
            timestamp, key, value = record[:3]
            builder.append(offset, timestamp, key, value, list(record[3]) if len(record) > 3 else [])
        # gzip writes the time into its header.
        with mock.patch("time.time", return_value=0):
            batch = bytes(builder.build())
        print(name, ",".join(f"{offset}:{record[0]}" for offset, record in enumerate(records)), batch.hex())


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    main()
