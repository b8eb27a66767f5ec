"""P Strict CBOR (RFC 8949): one item, and the checks that every value from outside goes through. Anything else is BadInput."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import cbor2

from appliance.errors import BadInput
from telemetry.metrics import WHOLE_LIMIT

MESSAGE_LIMIT = 131_072
"""Bytes of one message; the broker refuses more as well."""
SECONDS_LIMIT = 2**40
"""Seconds of an uptime or a wall clock, some 35,000 years: no sum of them leaves what a date can be made of."""
_DEPTH = 6
_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)
"""Tags the library would turn into values of its own (dates, regular expressions ...): we use none."""
_LONG = 4_096
"""Bytes from which keys are looked at before anything is read: of fewer, no choice of keys makes much work."""
_STEP = (*(1,) * 24, 2, 3, 5, 9, *(0,) * 4) * 2 + (0,) * 160 + (*(1,) * 24, 2, 3, 5, 9, *(0,) * 4)
"""Bytes of an item by its first one, for whole numbers and simple values; 0 for what has a content, or is none."""


def unpack(untrusted: bytes) -> Any:
    """One CBOR item, nothing after it, no tags, no indefinite lengths, no repeated keys, not deep. Raises BadInput."""
    if len(untrusted) > MESSAGE_LIMIT:
        raise bad(f"longer than {MESSAGE_LIMIT} bytes")
    if len(untrusted) >= _LONG and not _is_cheap(untrusted):
        raise bad("a key that is no whole number, a tag or an indefinite length")
    stream = io.BytesIO(untrusted)
    try:
        decoder = cbor2.CBORDecoder(
            stream, tag_hook=_no_tag, semantic_decoders=dict.fromkeys(_TAGS, _no_tag), max_depth=_DEPTH,
            allow_indefinite=False, allow_duplicate_keys=False, read_size=1,
        )  # fmt: skip
        item = decoder.decode()
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise bad("not CBOR") from error
    if stream.read(1):
        raise bad("bytes after the end")
    return item


def _is_cheap(untrusted: bytes) -> bool:
    """Whether every key of every map is a whole number from 0, as all of ours are; of what is cut off, as far as it goes.

    Keys that are lists can be chosen so that Python's hashes of them are all the same (it hashes texts and octets with a secret,
    numbers and tuples without): 8,500 of them took a second to read.
    """
    place, left, keyed, above = 0, 1, False, list[tuple[int, bool]]()
    while place < len(untrusted):
        while left == 0:
            if not above:
                return True
            left, keyed = above.pop()
        first = untrusted[place]
        if keyed and left % 2 == 0 and first > 0x1B:
            return False
        left -= 1
        if step := _STEP[first]:
            place += step
            continue
        kind, width = first >> 5, _STEP[first & 0x1F]
        if kind == 6 or not width:  # a tag, whose content would be read first; or no definite length
            return False
        count = first & 0x1F if width == 1 else int.from_bytes(untrusted[place + 1 : place + width])
        place += width
        if kind in (2, 3):
            place += count
        elif kind in (4, 5):
            above.append((left, keyed))
            left, keyed = count * (kind - 3), kind == 5
    return True


def _no_tag(*_: Any) -> Any:
    raise bad("a tag")


def signed(untrusted: Any, limit: int = WHOLE_LIMIT) -> int:
    """A whole number from -limit to limit. Raises BadInput."""
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or abs(untrusted) > limit:
        raise bad("a value that is neither whole number, short text nor [fewer than]")
    return untrusted


def whole(untrusted: Any, limit: int = WHOLE_LIMIT) -> int:
    """A whole number from 0 to limit. Raises BadInput."""
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or not 0 <= untrusted <= limit:
        raise bad(f"not a whole number from 0 to {limit}")
    return untrusted


def seconds(untrusted: Any) -> int:
    """A whole number of seconds. Raises BadInput."""
    return whole(untrusted, SECONDS_LIMIT)


def octets(fields: Mapping[int, Any], key: int, length: int) -> bytes:
    """The byte string of exactly ``length`` in a field. Raises BadInput."""
    value = fields.get(key)
    if not isinstance(value, bytes) or len(value) != length:
        raise bad(f"field {key} is not {length} bytes")
    return value


def text(fields: Mapping[int, Any], key: int, limit: int) -> str:
    """The text of 1 to ``limit`` characters in a field. Raises BadInput."""
    value = fields.get(key)
    if not isinstance(value, str) or not value or len(value) > limit:
        raise bad(f"field {key} is not a text of 1 to {limit} characters")
    return value


def bad(problem: str) -> BadInput:
    """What to raise."""
    return BadInput(problem, mend="see docs/protocol.cddl")
