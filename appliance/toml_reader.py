"""P Reading TOML strictly: every key is taken once, what is left over is an error, every error names file, line, key and mend."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from appliance.errors import BadInput, ConfigError

T = TypeVar("T")
REQUIRED: Any = object()
"""The default of a key that has none."""
_HEAD = re.compile(r"\s*\[+\s*([A-Za-z0-9_.]+)\s*\]+")


class Reader:
    """A document and where its lines are."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file

    def document(self) -> dict[str, Any]:
        """The whole as TOML. Raises ConfigError."""
        try:
            return tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:  # also numbers of absurd length and nesting of absurd depth
            line = found[1] if (found := re.search(r"line (\d+)", str(error))) else str(self.text.count("\n") + 1)
            where, mend = f"{self.file}:{line}", "mend that line; the folder examples shows how it is written"
            raise ConfigError(f"not TOML: {error}"[:200], where=where, mend=mend) from error

    def fail(self, section: str, key: str, problem: str, mend: str, occurrence: int = 0) -> ConfigError:
        """An error about ``key`` in ``section``; ``occurrence`` counts sections of the same name from 0."""
        return ConfigError(problem, where=f"{self.file}:{self.line(section, key, occurrence)}", mend=mend)

    def line(self, section: str, key: str, occurrence: int) -> int:
        """The line of ``key`` within ``section``, else of the section's head, else 1."""
        here, seen, head = "", -1, 1
        wanted = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
        for number, line in enumerate(self.text.split("\n"), 1):
            if found := _HEAD.match(line):
                here = found[1]
                seen += here == section
                if here == section and seen == occurrence:
                    head = number
            elif here == section and (not section or seen == occurrence) and wanted.match(line):
                return number
        return head


class Table:
    """One TOML table being read."""

    def __init__(self, reader: Reader, name: str, values: Mapping[str, Any], occurrence: int = 0) -> None:
        self.reader, self.name, self.rest, self.occurrence = reader, name, dict(values), occurrence

    def fail(self, key: str, problem: str, mend: str) -> ConfigError:
        """An error about one of its keys."""
        return self.reader.fail(self.name, key, problem, mend, self.occurrence)

    def take(self, key: str, kind: Callable[[Any], T], default: Any = REQUIRED) -> T:
        """The value of ``key`` as ``kind`` makes it. Raises ConfigError when it is wrong, or missing without a default."""
        if key not in self.rest:
            if default is REQUIRED:
                raise self.fail(key, f"{self.title}{key} is missing", f"add a line {key} = ...")
            return cast(T, default)
        try:
            return kind(self.rest.pop(key))
        except BadInput as error:
            raise self.fail(key, f"{key}: {error.what}", error.mend) from error

    def section(self, name: str, read: Callable[[Table], T]) -> T | None:
        """What ``read`` makes of the table ``name``, or None where there is none. Raises ConfigError."""
        values = self.rest.pop(name, None)
        if values is None:
            return None
        if not isinstance(values, dict):
            raise self.reader.fail("", name, f"{name} must be one section", f"write [{name}]")
        table = Table(self.reader, name, values)
        answer = read(table)
        table.done()
        return answer

    def sections(self, name: str, read: Callable[[Table], T]) -> tuple[T, ...]:
        """The same for a list of tables (``[[name]]``)."""
        values = self.rest.pop(name, [])
        if not isinstance(values, list) or not all(isinstance(entry, dict) for entry in values):
            raise self.reader.fail(name, name, f"{name} must be a list of sections", f"write [[{name}]] with two brackets")
        tables = [Table(self.reader, name, entry, occurrence) for occurrence, entry in enumerate(values)]
        answers = tuple(read(table) for table in tables)
        for table in tables:
            table.done()
        return answers

    def done(self, known: str = "the folder examples shows all names") -> None:
        """Nothing may be left over. Raises ConfigError."""
        for key, value in self.rest.items():
            what = "section" if isinstance(value, dict) and not self.name else "key"
            section = key if what == "section" else self.name
            problem = f"unknown {what} {key[:60]!r}" + (f" in [{self.name}]" if self.name else "")
            raise self.reader.fail(section, key, problem, f"remove it; {known}", self.occurrence)

    @property
    def title(self) -> str:
        """``[name] `` for messages."""
        return f"[{self.name}] " if self.name else ""


def text(value: Any) -> str:
    """A text that is not empty and has no control characters."""
    if not isinstance(value, str) or not value.strip() or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise BadInput("must be a text in quotes", mend='write it as "..."')
    return value


def matching(pattern: str, what: str, mend: str) -> Callable[[Any], str]:
    """A text that matches as a whole."""
    whole_pattern = re.compile(pattern)

    def check(value: Any) -> str:
        if not whole_pattern.fullmatch(text(value)):
            raise BadInput(f"{value[:60]!r} is not {what}", mend=mend)
        return cast(str, value)

    return check


def listed(item: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A list with at least one entry and none twice."""

    def check(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list) or not value:
            raise BadInput("must be a list with at least one entry", mend='write it as ["..."]')
        entries = tuple(item(entry) for entry in value)
        if len(set(entries)) < len(entries):
            raise BadInput("has an entry twice", mend="leave one out")
        return entries

    return check


def one_of(*choices: str) -> Callable[[Any], str]:
    """One of a few words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise BadInput(f"{str(value)[:60]!r} is not one of {', '.join(choices)}", mend=f'write "{choices[0]}"')
        return cast(str, value)

    return check


def whole(low: int, high: int) -> Callable[[Any], int]:
    """A whole number from ``low`` to ``high``."""

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadInput(f"is not a whole number from {low} to {high}", mend=f"choose one, for example {low}")
        return value

    return check


def number(low: float, high: float) -> Callable[[Any], float]:
    """A number from ``low`` to ``high``."""

    def check(value: Any) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise BadInput(f"is not a number from {low:g} to {high:g}", mend=f"choose one, for example {high:g}")
        return float(value)

    return check


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise BadInput("must be true or false", mend="write true or false without quotes")
    return value
