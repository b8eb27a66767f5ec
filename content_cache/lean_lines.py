"""P Values and translations as they stand in a line of the lean form."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

from appliance.errors import BadInput

_OUT = {"\\": "\\\\", "\t": "\\t", "\n": "\\n"}
_IN = {"\\\\": "\\", "\\t": "\t", "\\n": "\n"}


class Text(NamedTuple):
    """One translation of one field."""

    tag: str
    source: str
    machine: bool
    text: str


def escape(text: str) -> str:
    """Without tab and line end."""
    return re.sub(r"[\\\t\n]", lambda found: _OUT[found[0]], text)


def unescape(text: str) -> str:
    """The inverse of ``escape``. Raises BadInput."""
    try:
        return re.sub(r"\\.?", lambda found: _IN[found[0]], text) if "\\" in text else text
    except KeyError as error:
        raise BadInput("a bad escape in a lean catalogue", mend="fetch it again") from error


def value_text(kind: str, value: Any) -> str:
    """A value; numbers as JSON writes them. Raises ValueError where kind and type disagree."""
    if (kind == "number") == isinstance(value, str):
        raise ValueError(kind)
    return escape(value) if isinstance(value, str) else json.dumps(value, allow_nan=False)


def text_value(kind: str, text: str) -> Any:
    """The inverse of ``value_text``. Raises BadInput."""
    if kind != "number":
        return unescape(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("not a number in a lean catalogue", mend="fetch it again") from error
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput("not a number in a lean catalogue", mend="fetch it again")
    return value


def translation_line(field: str, text: Text | None) -> str:
    """A translation of the record above; None: this field has none, although one like it had."""
    if text is None:
        return f"~{field}"
    return "~" + "\t".join([field, text.tag, escape(text.source), str(int(text.machine)), escape(text.text)])


def translation_of(line: str) -> tuple[str, Text | None]:
    """Field and translation of such a line. Raises BadInput."""
    parts = line[1:].split("\t")
    if len(parts) == 1:
        return parts[0], None
    if len(parts) != 5 or parts[3] not in ("0", "1"):
        raise BadInput("a bad translation in a lean catalogue", mend="fetch it again")
    return parts[0], Text(parts[1], unescape(parts[2]), parts[3] == "1", unescape(parts[4]))
