"""What fails unforeseen is said once, counted, and slowed down; nothing of anybody is said."""

from __future__ import annotations

import logging

import pytest

from appliance.errors import CommandFailed
from appliance.trouble import CALM, LONGEST, Trouble


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _failed(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:  # noqa: BLE001
        return raised


def test_r7_a_line_names_the_kind_and_the_place_and_never_the_words_of_an_error(caplog: pytest.LogCaptureFixture) -> None:
    Trouble().note("a round", _failed(KeyError("02:00:00:00:00:01 at 10.44.0.7")))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("a round failed: KeyError at test_trouble.py:")
    assert "02:00" not in caplog.text and "10.44" not in caplog.text


def test_our_own_errors_are_quoted_and_so_is_what_was_being_dealt_with(caplog: pytest.LogCaptureFixture) -> None:
    try:
        try:
            raise LookupError("02:00:00:00:00:01")
        finally:
            raise CommandFailed("no answer", where="netlink")
    except CommandFailed as error:
        Trouble().note("a round", error)
    assert "netlink: no answer / LookupError" in caplog.text and "02:00" not in caplog.text


def test_the_same_failure_is_said_once_a_minute_and_always_counted(caplog: pytest.LogCaptureFixture) -> None:
    clock = _Clock()
    trouble = Trouble(clock)
    for _ in range(121):
        trouble.note("a round", CommandFailed("no answer"))
        clock.now += 1.0
    assert trouble.count == 121 and len(caplog.messages) == 3
    trouble.note("a round", CommandFailed("device busy"))
    assert "device busy" in caplog.messages[-1], "news is told at once"
    assert all(record.levelno == logging.ERROR for record in caplog.records)


def test_the_pause_grows_to_its_bound_and_begins_anew_after_a_calm() -> None:
    clock = _Clock()
    trouble = Trouble(clock)
    pauses = [trouble.note("a round", OSError()) for _ in range(20)]
    assert pauses[:3] == [0.01, 0.02, 0.04] and pauses[-1] == LONGEST and pauses == sorted(pauses)
    clock.now += CALM - 1
    assert trouble.note("a round", OSError()) == LONGEST
    clock.now += CALM
    assert trouble.note("a round", OSError()) == 0.01
