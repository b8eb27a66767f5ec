"""The shares' classes compared with the kernel's, over a netlink of lists; the real ones: tests/real/test_fairness.py."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from appliance.errors import CommandFailed
from appliance.fairness import shaper
from appliance.fairness.counters import ROOT, TC
from appliance.fairness.plan import PERSON_CLASSES, plan
from appliance.netlink import Message, attribute
from tests.appliance.gate.knowledge import CONFIG

HANDLE = 1 << 16
NEW_CLASS, DELETE_CLASS, GET_CLASS, GET_QUEUE = 40, 41, 42, 38


class FakeTree:
    """An HTB tree that keeps its classes by number."""

    def __init__(self) -> None:
        self.stands, self.classes = False, set[int]()
        self.begun = 0

    def dump(self, kind: int, body: bytes) -> Iterator[bytes]:
        if kind == GET_QUEUE and self.stands:
            yield TC.pack(socket.AF_UNSPEC, 7, HANDLE, ROOT, 0) + attribute(1, b"htb\0")
        if kind == GET_CLASS:
            for minor in sorted(self.classes):
                yield TC.pack(socket.AF_UNSPEC, 7, HANDLE + minor, HANDLE, 0) + attribute(1, b"htb\0")

    def tell(self, messages: Sequence[Message], *, forgive: Iterable[type[OSError]] = ()) -> None:
        for message in messages:
            minor = TC.unpack_from(message.body)[2] & 0xFFFF
            if not self.stands:
                raise CommandFailed("No such file or directory", where="netlink")
            if message.kind == NEW_CLASS and minor > PERSON_CLASSES:
                self.classes.add(minor)
            elif message.kind == DELETE_CLASS:
                self.classes.discard(minor)

    def run(self, argv: list[str], *, input: str = "", **_: Any) -> None:
        if "cake" in input:
            raise CommandFailed("Specified qdisc kind is unknown", where="tc")
        if argv[1] == "-batch":
            self.stands, self.classes = True, set()
            self.begun += 1

    def people(self) -> set[int]:
        return {minor - PERSON_CLASSES for minor in self.classes}


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> FakeTree:
    made = FakeTree()
    monkeypatch.setattr(shaper, "Netlink", lambda protocol: made)
    monkeypatch.setattr(shaper, "run", made.run)
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: 7)
    return made


@pytest.fixture
def made(tree: FakeTree) -> shaper.Shaper:
    one = shaper.Shaper(upload=False)
    one.follow(plan(CONFIG, frozenset({1, 2})))
    assert tree.people() == {1, 2} and tree.begun == 1
    return one


def test_r10_a_tree_that_another_program_took_away_is_made_anew(tree: FakeTree, made: shaper.Shaper) -> None:
    tree.stands, tree.classes = False, set()
    made.follow(plan(CONFIG, frozenset({1, 2})))
    assert tree.begun == 1, "nothing has changed as far as it knows"
    made.look()
    made.follow(plan(CONFIG, frozenset({1, 2})))
    assert tree.begun == 2 and tree.people() == {1, 2}


def test_r10_a_class_that_is_missing_comes_back_and_one_of_nobody_goes(tree: FakeTree, made: shaper.Shaper) -> None:
    tree.classes = {PERSON_CLASSES + 2, PERSON_CLASSES + 9}
    made.look()
    made.follow(plan(CONFIG, frozenset({1, 2})), rates=False)
    assert tree.people() == {1, 2} and tree.begun == 1


def test_before_there_is_a_tree_nothing_is_compared(tree: FakeTree) -> None:
    one = shaper.Shaper(upload=True)
    one.look()
    assert tree.begun == 0
