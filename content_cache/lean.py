"""P A snapshot in the form in which it travels: the same content, without what follows from the rest, and with like beside like.

Canonical lines are sorted by id, and ids are random: a patch between two of them is ten times what has changed. Here each record
stands below its owner, ids that can be computed are left out (``known_ids``), references are cut to what tells them apart, and a
text that was translated before is translated likewise. ``restore(lean(x)) == x`` for every x: what does not fit, stays as it is.

A line: one space for each level, entity, then ``field=value`` behind tabs; ``~`` begins a translation of the record above.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput
from content_cache import known_ids
from content_cache.hsds import ENTITIES
from content_cache.lean_lines import Text, translation_line, value_text
from content_cache.lean_restore import MARK, TOP, Short, owner_field, restore

_OWNERS = (
    "link_id", "resource_id", "service_at_location_id", "service_id", "phone_id", "contact_id", "location_id", "organization_id",
)  # fmt: skip
"""A record stands below the first of these that it names."""
_LAST = ("organization_id",)
"""What differs from service to service stands together at the line's end, so that the rest of the lines is one long repetition."""
_LABELS_FIRST = ("source",)


@dataclass
class _Node:
    entity: str
    values: dict[str, Any]
    texts: dict[str, tuple[Text, ...]]
    owner: _Node | None = None
    children: list[_Node] = field(default_factory=list)
    line: str = ""

    @property
    def id(self) -> str:
        return str(self.values["id"])


def lean(canonical: bytes) -> bytes:
    """The lean form of a canonical snapshot; the snapshot itself where it would not come back the same."""
    try:
        made = _lean(canonical)
        return made if restore(made) == canonical else canonical
    except (BadInput, KeyError, ValueError, TypeError, RecursionError):
        return canonical


def _lean(canonical: bytes) -> bytes:
    head, _, rest = canonical.decode().partition("\n")
    tops = _tree([json.loads(line) for line in rest.split("\n") if line])
    writer = _Writer(Short(node.id for node in tops))
    names = {node.id: str(node.values.get("name", "")) for node in tops if node.entity == "organization"}
    for node in sorted(tops, key=lambda one: _order(one, names, writer)):
        writer.write(node, 0)
    return MARK + "\n".join([head, *writer.lines, ""]).encode()


def _tree(lines: Sequence[dict[str, Any]]) -> list[_Node]:
    """The records, each below its owner; returns those without one."""
    texts: dict[str, dict[str, list[Text]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        if line["e"] == "translation":
            texts[line["id"]][line["field"]].append(Text(line["tag"], line["source"], line["machine"], line["text"]))
    nodes = dict[str, _Node]()
    for line in lines:
        if line["e"] != "translation":
            own = {name: tuple(found) for name, found in texts.get(line["id"], {}).items()}
            nodes[line["id"]] = _Node(line["e"], {k: v for k, v in line.items() if k != "e"}, own)
    for node in nodes.values():
        node.owner = _owner(node, nodes)
        if node.owner is not None:
            node.owner.children.append(node)
    return [node for node in nodes.values() if node.owner is None]


def _owner(node: _Node, nodes: Mapping[str, _Node]) -> _Node | None:
    if node.entity in TOP:
        return None
    for name in (name for name in _OWNERS if name in node.values):
        owner = nodes.get(str(node.values[name]))
        if owner is None or owner is node or owner_field(node.entity, owner.entity) != name:
            continue
        if node.entity != "attribute" or node.values.get("link_entity") == owner.entity:
            return owner
    return None


def _order(node: _Node, names: Mapping[str, str], writer: _Writer) -> tuple[Any, ...]:
    """Like beside like: by organisation, name and content. The order is free, ``restore`` sorts."""
    texts = [node.values.get(name, "") for name in ("name", "description", "application_process", "eligibility_description")]
    below = sorted(writer.line(child, 1) for child in node.children if not _unlike(child))
    rank = TOP.index(node.entity) if node.entity in TOP else len(TOP)
    return (rank, names.get(str(node.values.get("organization_id")), ""), *map(str, texts), below, node.id)


def _unlike(node: _Node) -> bool:
    return node.entity == "service_at_location" or node.values.get("label") in _LABELS_FIRST


class _Writer:
    def __init__(self, short: Short) -> None:
        self.short, self.lines = short, list[str]()
        self.memory: dict[tuple[str, str, str], tuple[Text, ...]] = {}

    def write(self, node: _Node, depth: int) -> None:
        """The record, its translations where they are not as before, and what is below it."""
        self.lines.append(self.line(node, depth))
        for name in sorted({*node.texts, *(n for n, value in node.values.items() if isinstance(value, str))}):
            said, key = node.texts.get(name, ()), (node.entity, name, str(node.values.get(name)))
            if said != (self.memory.get(key, ()) if name in node.values else ()):
                self.lines += [translation_line(name, text) for text in said] or [translation_line(name, None)]
            self.memory.setdefault(key, said)
        for child in sorted(node.children, key=lambda one: (not _unlike(one), one.entity, self.line(one, depth + 1))):
            self.write(child, depth + 1)

    def line(self, node: _Node, depth: int) -> str:
        """One record as a line."""
        node.line = node.line or self._line(node)
        return " " * depth + node.line

    def _line(self, node: _Node) -> str:
        left_out = {"id"}
        if node.owner is not None:
            left_out |= {owner_field(node.entity, node.owner.entity), "link_entity"} & set(node.values)
        names = [name for name in node.values if name not in left_out]
        names.sort(key=lambda name: (name in _LAST, name))
        parts = [f"{name}={self._value(node, name)}" for name in names]
        number = self._number(node)
        if number != 0:
            parts.append(f"id={node.id if number is None else f'%{number}'}")
        return "\t".join([node.entity, *parts])

    def _value(self, node: _Node, name: str) -> str:
        value, known = node.values[name], ENTITIES[node.entity].by_name[name]
        if name == "taxonomy_term_id" and value == known_ids.need_term(node.values):
            return "="
        return self.short.cut(str(value)) if known.kind == "uuid" else value_text(known.kind, value)

    @staticmethod
    def _number(node: _Node) -> int | None:
        """Which of the ids that follow from the record is its own."""
        below = [(child.entity, child.values) for child in node.children]
        made = known_ids.candidates(node.entity, node.owner.id if node.owner else "", node.values, below)
        return next((number for number, id in enumerate(made) if id == node.id), None)
