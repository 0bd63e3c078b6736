"""Python's own json and decimal as the slow, obvious reading of what Shared/Json and Shared/Intake read fast.

    json_oracle.py documents < hex-lines    one document a line, in hex; answers with its dump, or "-" when it is refused
    json_oracle.py amounts < lines          "<text> <exponent>" a line; answers with minor units, "decimals", "overflow" or "-"
"""

import decimal
import json
import re
import sys


class Refused(Exception):
    pass


class Number(str):
    pass


def members(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise Refused("duplicate key")
    return dict(pairs)


def refuse(word):
    raise Refused(word)


def dump(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    if isinstance(value, Number):
        return "#" + value
    if isinstance(value, str):
        return f"'{value}'"
    return {True: "yes", False: "no", None: "null"}[value]


def document(line):
    try:
        text = bytes.fromhex(line).decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=members, parse_float=Number, parse_int=Number, parse_constant=refuse)
        return dump(value).encode("utf-8").hex()
    except (Refused, ValueError, RecursionError):
        return "-"


def amount(line):
    text, exponent = line.rsplit(" ", 1)
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        return "-"
    decimal.getcontext().prec = 2_000
    units = decimal.Decimal(text).scaleb(int(exponent))
    if units != units.to_integral_value():
        return "decimals"
    units = int(units)
    return str(units) if -(2**63) <= units < 2**63 else "overflow"


if __name__ == "__main__":
    answer = {"documents": document, "amounts": amount}[sys.argv[1]]
    for line in sys.stdin:
        print(answer(line.rstrip("\n")))
