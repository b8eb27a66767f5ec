"""A rehearsal's verdict: one step that is not so is enough, one that was skipped says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioning.lab import rehearsal
from provisioning.lab.boot_report import Step
from provisioning.lab.rehearsal import Rehearsal

STEPS = ("ticket", "card", "cable", "cut", "portal", "hub", "catalogue", "phones", "selftest", "units", "after")


@pytest.mark.parametrize(("catalogue", "holds"), [(True, True), (None, True), (False, False)])
def test_the_verdict(catalogue: bool | None, holds: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in STEPS:
        monkeypatch.setattr(Rehearsal, f"_{name}", lambda self, name=name: self._done(name, found[name], 0.0, ""))
    found = {**dict.fromkeys(STEPS, True), "catalogue": catalogue}
    monkeypatch.setattr(rehearsal.card_place, "make", lambda: tmp_path)
    said = list[Step]()
    wanted: Any = None
    state = {"hub_url": "http://127.0.0.1", "hub_user": "admin", "hub_password": "secret"}
    assert Rehearsal(wanted, state, {}, lambda: None, said.append).run() is holds
    assert [step.name for step in said] == list(STEPS) and said[6].holds is catalogue


def test_the_catalogue_is_skipped_and_not_held_where_the_real_data_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "REAL_DATA", tmp_path / "absent")
    said = list[Step]()
    wanted: Any = None
    Rehearsal(wanted, {}, {}, lambda: None, said.append)._catalogue()
    assert [step.holds for step in said] == [None]
