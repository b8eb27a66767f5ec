"""P From the lean form back to the canonical snapshot."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput
from content_cache import known_ids
from content_cache.hsds import ENTITIES
from content_cache.lean_lines import Text, text_value, translation_of
from content_cache.snapshot import LARGEST

MARK = b"campbox lean 1\n"
TOP = ("taxonomy", "taxonomy_term", "unit", "organization", "program", "location", "service")
"""Entities that stand for themselves, in the order in which they are written."""
DEEPEST = 8
SHORTEST = 4
"""Hexadecimal digits of a cut reference."""


class Short:
    """Ids cut to what tells them apart."""

    def __init__(self, ids: Iterable[str]) -> None:
        inner = sorted(set(ids))
        ordered = ["", *inner, ""]
        self._cut = {
            b: b[: max(_same(a, b), _same(b, c), SHORTEST - 1) + 1] for a, b, c in zip(ordered, inner, ordered[2:], strict=False)
        }
        self._whole = {cut: whole for whole, cut in self._cut.items()}

    def cut(self, id: str) -> str:
        """``#`` and the beginning of a known id; any other as it is."""
        return f"#{self._cut[id]}" if id in self._cut else id

    def whole(self, text: str) -> str:
        """The inverse. Raises BadInput."""
        if not text.startswith("#"):
            return text
        if text[1:] not in self._whole:
            raise BadInput("a reference to nothing in a lean catalogue", mend="fetch it again")
        return self._whole[text[1:]]


def _same(a: str, b: str) -> int:
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def owner_field(entity: str, owner: str) -> str:
    """The field by which a record of ``entity`` points at its owner."""
    return {"attribute": "link_id", "metadata": "resource_id"}.get(entity, f"{owner}_id")


@dataclass
class _Node:
    entity: str
    raw: dict[str, str]
    owner: _Node | None
    explicit: dict[str, list[Text]] = field(default_factory=dict)
    children: list[_Node] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)


def restore(untrusted: bytes) -> bytes:
    """The canonical snapshot behind a lean form (or behind itself, where none fitted). Raises BadInput."""
    if not untrusted.startswith(MARK):
        return untrusted
    try:
        head, *lines = untrusted[len(MARK) :].decode().split("\n")
    except UnicodeDecodeError as error:
        raise BadInput("a lean catalogue that is not UTF-8", mend="fetch it again") from error
    nodes = _parse(lines[:-1])
    _fill(nodes)
    records = sorted(nodes, key=lambda one: (one.entity, str(one.values["id"])))
    out = [head, *(_json({"e": one.entity, **one.values}) for one in records)]
    size = sum(map(len, out))
    for line in _translations(nodes):
        out.append(line)
        size += len(line)
        if size > LARGEST:
            raise BadInput("a snapshot too large", mend="publish fewer services or raise the limit")
    return "\n".join([*out, ""]).encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _parse(lines: list[str]) -> list[_Node]:
    nodes, path = list[_Node](), list[_Node]()
    for line in lines:
        if line.startswith("~"):
            if not nodes:
                raise BadInput("a translation of nothing in a lean catalogue", mend="fetch it again")
            name, text = translation_of(line)
            nodes[-1].explicit.setdefault(name, []).extend([text] if text else [])
            continue
        depth = len(line) - len(line.lstrip(" "))
        entity, *parts = line[depth:].split("\t")
        if entity not in ENTITIES or depth > min(len(path), DEEPEST):
            raise BadInput("a bad line in a lean catalogue", mend="fetch it again")
        node = _Node(
            entity, {name: text for name, _, text in (part.partition("=") for part in parts)}, path[depth - 1] if depth else None
        )
        del path[depth:]
        path.append(node)
        nodes.append(node)
        if node.owner:
            node.owner.children.append(node)
    return nodes


def _fill(nodes: list[_Node]) -> None:
    """Values without references first: ids of services and places follow from them, all others from these."""
    tops = [node for node in nodes if node.owner is None]
    for node in nodes:
        for name, text in node.raw.items():
            known = ENTITIES[node.entity].by_name.get(name)
            if known is None:
                raise BadInput("an unknown field in a lean catalogue", mend="fetch it again")
            node.values[name] = text if known.kind == "uuid" else text_value(known.kind, text)
    for node in tops:
        node.values["id"] = _id(node)
    short = Short(str(node.values["id"]) for node in tops)
    for node in nodes:
        _refer(node, short)
        if node.owner is not None:
            node.values["id"] = _id(node)


def _refer(node: _Node, short: Short) -> None:
    for name, text in node.raw.items():
        if ENTITIES[node.entity].by_name[name].kind == "uuid" and name != "id":
            node.values[name] = known_ids.need_term(node.values) if text == "=" else short.whole(text)
    if node.owner is not None:
        node.values[owner_field(node.entity, node.owner.entity)] = node.owner.values["id"]
        if node.entity == "attribute":
            node.values["link_entity"] = node.owner.entity


def _id(node: _Node) -> str:
    text = node.raw.get("id", "%0")
    if not text.startswith("%"):
        return text
    below = [(child.entity, child.values) for child in node.children]
    owner = str(node.owner.values["id"]) if node.owner else ""
    made = known_ids.candidates(node.entity, owner, node.values, below)
    number = int(text[1:]) if text[1:].isdecimal() and len(text) < 5 else 10_000
    found = next(itertools.islice(made, number, None), None)
    if found is None:
        raise BadInput("a record without an id in a lean catalogue", mend="fetch it again")
    return found


def _translations(nodes: list[_Node]) -> Iterator[str]:
    """Line by line, so that whoever counts them can stop: few remembered words may stand for gigabytes."""
    memory, found = dict[tuple[str, str, str], tuple[Text, ...]](), list[tuple[str, str, str, Text]]()
    for node in nodes:
        for name in sorted({*node.explicit, *(n for n, value in node.values.items() if isinstance(value, str))}):
            key = (node.entity, name, str(node.values.get(name)))
            said = tuple(node.explicit[name]) if name in node.explicit else memory.get(key, ())
            memory.setdefault(key, said)
            found += [(node.entity, str(node.values["id"]), name, text) for text in said]
    found.sort(key=lambda one: (*one[:3], one[3].tag))
    for of, id, name, text in found:
        yield _json({"e": "translation", "of": of, "id": id, "field": name, **text._asdict()})
