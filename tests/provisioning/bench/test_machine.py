"""Processes that were made and have ended again are counted as well, by what the kernel remembers of them."""

from __future__ import annotations

import os

import pytest

from provisioning.bench.machine import Kin, cpu_seconds, family, pss_kib

BEFORE = Kin(frozenset({1, 2, 3}), {1: 500, 2: 0, 3: 0})


@pytest.mark.parametrize(
    ("after", "made"),
    [
        (Kin(frozenset({1, 2, 3}), {1: 500, 2: 0, 3: 0}), 0),
        (Kin(frozenset({1, 2, 3, 4}), {1: 500, 2: 0, 3: 0, 4: 0}), 1),
        (Kin(frozenset({1, 2, 3}), {1: 500, 2: 70, 3: 0}), 1),
        (Kin(frozenset({1, 2}), {1: 590, 2: 0}), 0),
        (Kin(frozenset({1, 2}), {1: 590, 2: 70}), 1),
        (Kin(frozenset({1, 2, 4}), {1: 590, 2: 0, 4: 0}), 1),
    ],
    ids=["nothing", "one lives", "one came and went", "an old one ended", "an old one ended, a new one came and went", "restarted"],
)
def test_what_was_made_is_told_from_what_ended(after: Kin, made: int) -> None:
    assert after.made_since(BEFORE) == made


def test_this_process_is_among_its_kin_and_makes_nothing_by_looking() -> None:
    before = Kin.of([os.getpid()])
    assert os.getpid() in before.living
    assert Kin.of([os.getpid()]).made_since(before) == 0


def test_a_process_that_ends_while_it_is_looked_at_is_gone_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(path: object) -> list[str]:
        raise ProcessLookupError(3, "No such process", path)

    monkeypatch.setattr(os, "listdir", ended)
    monkeypatch.setattr(os, "scandir", ended)
    own = os.getpid()
    assert family([own]) == [own] and cpu_seconds(own) == 0.0 and pss_kib(10**8) == 0
