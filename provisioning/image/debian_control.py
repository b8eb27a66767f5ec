"""P Debian's control format (deb822): paragraphs of fields, as in dpkg's status file, package indexes and copyright files."""

from __future__ import annotations

import re
from collections.abc import Iterator

Paragraph = dict[str, str]
"""Field name in lower case -> value; lines after the first keep their indentation, a lone dot is an empty line."""

_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)")


def paragraphs(untrusted_text: str) -> Iterator[Paragraph]:
    """Every paragraph that has fields (Debian Policy 5.1). A line that is no field and continues none is passed over."""
    current: dict[str, list[str]] = {}
    name: str | None = None
    for line in [*untrusted_text.split("\n"), ""]:
        line = line.rstrip("\r\t ")
        if not line:
            if current:
                yield {field: "\n".join(lines) for field, lines in current.items()}
            current, name = {}, None
        elif line[0] in " \t":
            if name is not None:
                current[name].append(line)
        elif line[0] != "#":
            found = _FIELD.fullmatch(line)
            name = found[1].lower() if found else None
            if found and name is not None:
                current[name] = [found[2]]


def first_line(paragraph: Paragraph, field: str) -> str:
    """The first line of a field; empty where there is none."""
    return paragraph.get(field, "").split("\n")[0].strip()


def body(value: str) -> str:
    """The lines after the first as plain text: without their indentation, lone dots as empty lines."""
    lines = (line[1:] if line[:1] in (" ", "\t") else line for line in value.split("\n")[1:])
    return "\n".join("" if line.strip() == "." else line for line in lines).strip("\n")


def names(untrusted_text: str) -> tuple[str, ...]:
    """The names of an e-mail heading's people: ``A B <a@b>, C`` -> A B, C."""
    return tuple(found for part in untrusted_text.split(",") if (found := re.sub(r"<[^>]*>|[<>()\"]", "", part).strip()))
