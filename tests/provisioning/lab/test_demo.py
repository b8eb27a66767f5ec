"""What the demo leaves for others to read is for its user alone: the state file holds the hub's password."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provisioning.lab import demo
from provisioning.lab.demo import Wanted


@pytest.mark.parametrize("before", [None, 0o644])
def test_the_state_file_with_the_hubs_password_is_for_its_owner_alone(tmp_path: Path, before: int | None) -> None:
    state = tmp_path / "state.json"
    if before is not None:
        state.write_text("{}")
        state.chmod(before)
    taken = iter([[], ["quit"]])
    camp: Any = SimpleNamespace(
        tick=lambda: None, roster=SimpleNamespace(arrived=True), changed=True, describe=lambda: {"hub_password": "secret"}
    )
    shown: Any = SimpleNamespace(say=lambda words: None, refresh=lambda camp: None)
    wishes: Any = SimpleNamespace(take=lambda: next(taken))
    assert demo._tend(camp, Wanted(1, None, False, state, "", ""), shown, wishes) == 0
    assert json.loads(state.read_text()) == {"hub_password": "secret"}
    assert state.stat().st_mode & 0o777 == 0o600
