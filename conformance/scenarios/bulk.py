"""Much data of mixed sizes."""

import random

from harness.checks import equal
from harness.scenario import sha, values_file

LARGEST = 500_000


def bulk(scene):
    """100 MB (10 MB when quick) of records from 0 bytes to 500 kB, packed by a codec: every digest back, in order."""
    topic = scene.topic("bulk")
    values = list(mixed(scene.world.amount(100, 10) * 1_000_000))
    path = values_file(scene.node.scratch / f"{topic}.values", values)
    codec = next(codec for codec in ("lz4", "zstd", "snappy", "gzip") if scene.has(codec))
    scene.produce({"topic": topic, "codec": codec, "values": path})
    (read,) = scene.consume({"topic": topic, "count": len(values)}, seconds=300)
    equal([each["offset"] for each in read], list(range(len(values))), "offsets")
    equal([each["value"] for each in read], [sha(value) for value in values], "digests")


def mixed(total):
    """Values of mixed sizes and of mixed worth to a codec, the same in every run, so many bytes in all."""
    chance = random.Random(7)
    left = total
    while left > 0:
        size = min(left, chance.choice([0, 10, 100, 1_000, 10_000, 100_000, LARGEST]), LARGEST)
        size = chance.randint(size // 2, size)
        half = chance.randbytes(size // 2)
        yield half + b"milena " * ((size - len(half)) // 7) + bytes((size - len(half)) % 7)
        left -= max(size, 1)
