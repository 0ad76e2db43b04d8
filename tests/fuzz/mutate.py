"""Changes a JSON text where its values stand, so that fuzzing gets past the parser."""

import json
import random
import re

from tests.hostile.vectors import ANYWHERE

VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|true|false|null|\[\]|\{\}')
TEXTS = [text.encode("utf-8", "surrogatepass") for text in ANYWHERE if len(text) < 400]
TEXTS += [b'"CON.F.US.MES.Z26"', b"4711", b'"2026-11-20T15:31:02Z"', b'"0001-01-01T00:00:00Z"',
          b'"9999-12-31T23:59:59.999999999-23:59"', b'"1969-12-31T23:59:59Z"', b"7", b"8", b"2",
          b'"2026-W47-5"', b'"2262-04-12T00:00:00Z"', b'"\\u0000"', b'"\\u001b[2J"', b'"\\u2028"',
          ]  # fmt: skip


def values(data: bytes, rng: random.Random) -> bytes:
    """A value or two replaced, repeated under the same key, or removed."""
    for _ in range(rng.choice((1, 1, 2))):
        found = list(VALUE.finditer(data))
        if not found:
            break
        one = rng.choice(found)
        new = rng.choice((rng.choice(TEXTS), rng.choice(found)[0], number(rng)))
        data = data[: one.start()] + new + data[one.end() :]
    return data


def number(rng: random.Random) -> bytes:
    whole = rng.randint(-9, 9), 2 ** rng.randint(0, 80)
    broken = rng.uniform(-1e4, 1e4), 10.0 ** rng.randint(-400, 300)
    return json.dumps(rng.choice(whole + broken)).encode()
