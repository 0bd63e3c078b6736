"""kafka-python's own encoder as the reference for Shared/KafkaProtocol.

    kafka_protocol_oracle.py Shared/KafkaProtocol/messages.txt > Tests/KafkaProtocolTests/golden-messages.txt

Takes the APIs and their versions from the description, and nothing else; writes, for each message and version, two lines of random
content: "ProduceRequest 3 <hex> <path>=<value> ...", the values in wire order. Needs kafka-python 3.0.
"""

import importlib
import pkgutil
import random
import re
import sys
import uuid

import kafka.protocol
from kafka.protocol.api_message import ApiMessage

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_äß€𝄞"
BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}


def message_classes():
    """Every message of the library by its name."""
    for module in pkgutil.walk_packages(kafka.protocol.__path__, "kafka.protocol."):
        if ".old" not in module.name and "generate" not in module.name:
            importlib.import_module(module.name)
    found, waiting = {}, list(ApiMessage.__subclasses__())
    while waiting:
        cls = waiting.pop()
        waiting.extend(cls.__subclasses__())
        if getattr(cls, "_json", None) and cls._class_version is None:
            found.setdefault(cls._json["name"], cls)
    return found


class Writer:
    """Makes random content for one message of one version and notes it as it goes."""

    def __init__(self, version, source):
        self.version, self.source, self.notes = version, source, []

    def text(self):
        return "".join(self.source.choice(LETTERS) for _ in range(self.source.choice((0, 1, 5, 12))))

    def simple(self, field, kind, path, nullable):
        source = self.source
        if nullable and source.random() < 0.3:
            self.notes.append(f"{path}=null")
            return None
        if kind == "string":
            value = self.text()
            self.notes.append(f"{path}=s:{value}")
        elif kind in ("bytes", "records"):
            value = source.randbytes(source.choice((0, 3, 20)))
            self.notes.append(f"{path}=x:{value.hex()}")
        elif kind == "uuid":
            value = uuid.UUID(bytes=source.randbytes(16))
            self.notes.append(f"{path}=u:{value.hex}")
        elif kind == "bool":
            value = source.random() < 0.5
            self.notes.append(f"{path}={'true' if value else 'false'}")
        elif kind == "bitfield":
            bits = {bit for bit in range(31) if source.random() < 0.3} | {1}
            value = bits
            self.notes.append(f"{path}={sum(1 << bit for bit in bits)}")
        else:
            size = BITS[kind]
            value = source.randrange(-(1 << (size - 1)), 1 << (size - 1)) if source.random() < 0.7 else source.randrange(1, 100)
            self.notes.append(f"{path}={value}")
        return value

    def fields(self, struct, path):
        version, values = self.version, {}
        tagged = sorted((f for f in struct._fields if f.for_version_q(version) and f.tagged_field_q(version)), key=lambda f: f._tag)
        for field in list(struct.untagged_fields(version)) + tagged:
            name = field._json["name"]
            if name == "authorized_operations":  # the library's own name of two fields of the protocol
                name = "topicAuthorizedOperations" if path else "clusterAuthorizedOperations"
            name = name[0].lower() + name[1:]
            values[field.name] = self.value(field, f"{path}{name}", is_tagged=field in tagged)
        return values

    def value(self, field, path, is_tagged):
        nullable = field.nullable_for_version_q(self.version) and not is_tagged
        kind = field._json["type"]
        if kind.startswith("[]"):
            if nullable and self.source.random() < 0.3:
                self.notes.append(f"{path}=null")
                return None
            count = self.source.choice((1, 2)) if is_tagged else self.source.choice((0, 1, 1, 2))
            self.notes.append(f"{path}.count={count}")
            if "fields" in field._json:
                return [field(**self.fields(field, f"{path}.{i}."), version=self.version) for i in range(count)]
            return [self.simple(field, kind[2:], f"{path}.{i}", False) for i in range(count)]
        if "fields" in field._json:
            return self.fields(field, f"{path}.")  # the library takes a tagged structure as a dictionary
        kind = getattr(field, "_type_str", kind)
        return self.simple(field, kind, path, nullable)


def main():
    classes = message_classes()
    print("# Messages encoded by kafka-python; kafka_protocol_oracle.py writes this file anew.")
    with open(sys.argv[1], encoding="utf-8") as description:
        offered = re.findall(r"^api (\w+) \d+ versions (\d+)-(\d+)", description.read(), re.MULTILINE)
    for api, low, high in offered:
        for name in (api + "Request", api + "Response"):
            cls = classes[name]
            for version in range(int(low), int(high) + 1):
                if version > cls.max_version:
                    print(f"no {name} {version}", file=sys.stderr)
                    continue
                for sample in range(2):
                    writer = Writer(version, random.Random(f"{name} {version} {sample}"))
                    message = cls(**writer.fields(cls._struct, ""), version=version)
                    data = message.encode(version=version)
                    print(" ".join([name, str(version), data.hex() or "-", *writer.notes]))


main()
