"""P How much work one message may make at the hub: in proportion to its bytes, whatever it unfolds to. See docs/adr/0195.

A row is written as its difference to the row before, so six bytes can stand for a row of two hundred values. The unit is about a
byte of the store: a row with its keys costs ``ROW``, a value ``VALUE``, a text its own bytes. What a message has no room for is
not taken and not acknowledged; the box sends it again as the beginning of its next one, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ROW, VALUE = 150, 3
AT_LEAST, HEAD, A_BYTE = 1_800, 60, 17
"""Ten rows of a box that knows little but the time always have room. A busy box's rows cost about four for each of their bytes
on the wire, those of a quiet night about fifteen."""


def room(length: int) -> int:
    """What the rows of a message of so many bytes may cost."""
    return max(AT_LEAST, A_BYTE * (length - HEAD))


def weight(value: object) -> int:
    """What a value costs in each row that it stands in; nothing where there is none."""
    if isinstance(value, str):
        return VALUE + (len(value) if value.isascii() else len(value.encode("utf-8", "replace")))
    return 0 if value is None else VALUE


def change(numbers: Iterable[Any], before: Mapping[int, Any], after: Mapping[int, Any]) -> int:
    """By how much a row's values weigh more than those of the row before, when only ``numbers`` may differ."""
    found = 0
    for number in numbers:
        old, new = before.get(number), after.get(number)
        if type(old) is not int or type(new) is not int:  # two whole numbers weigh the same
            found += weight(new) - weight(old)
    return found
