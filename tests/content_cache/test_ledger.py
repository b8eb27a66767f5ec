"""The month's account: entered before the bytes come, so that no kill hides any; closed with what really came."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from appliance.moment import BUILT, Moment
from content_cache.ledger import AHEAD, Ledger, OverBudget
from tests.content_cache.site import site

NOW = Moment(BUILT + 100.0, 5.0, "synced")


def _ledger(folder: Path, monthly_mb: float | None = 0.1, moment: Moment = NOW) -> Ledger:
    config = site()
    catalogue = dataclasses.replace(config.catalogue, monthly_mb=monthly_mb)
    return Ledger(folder / "spent.json", dataclasses.replace(config, catalogue=catalogue), moment)


def test_what_came_is_on_disk_before_it_comes(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    ledger.expect(1_000)
    assert json.loads((tmp_path / "spent.json").read_text())["octets"] == AHEAD
    # Killed here: the next one counts all of it as spent.
    assert _ledger(tmp_path).left == 100_000 - AHEAD


def test_an_account_that_is_closed_holds_what_came(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    ledger.expect(1_000)
    ledger.came(900)
    ledger.close()
    assert _ledger(tmp_path).left == 99_100


def test_more_than_is_left_is_not_begun(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    ledger.came(99_500)
    with pytest.raises(OverBudget, match="used up"):
        ledger.expect(1_000)
    ledger.expect(500)


def test_small_things_that_must_come_are_counted_all_the_same(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    ledger.came(150_000)
    assert ledger.left == 0


def test_a_new_month_begins_a_new_account(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    ledger.came(50_000)
    ledger.close()
    assert _ledger(tmp_path, moment=Moment(NOW.wall + 40 * 86_400, 5, "synced")).left == 100_000
    assert _ledger(tmp_path, moment=Moment(NOW.wall + 40 * 86_400, 5, "floor")).left == 50_000


def test_without_a_limit_nothing_is_written(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, None)
    ledger.expect(10**9)
    ledger.came(10**9)
    ledger.close()
    assert ledger.left is None and not list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", ["", "[]", '{"period": "soon", "octets": 1}', '{"period": "2026-11-01"}'])
def test_a_damaged_account_begins_anew(tmp_path: Path, kept: str) -> None:
    (tmp_path / "spent.json").write_text(kept)
    assert _ledger(tmp_path).left == 100_000


@pytest.mark.parametrize("octets", ["1e999", "-1e999", "NaN", "9" * 5000, "[1]", "null", '"many"', "{}"])
def test_r5_an_account_with_an_odd_number_begins_anew_and_stops_no_look(tmp_path: Path, octets: str) -> None:
    (tmp_path / "spent.json").write_text(f'{{"period": "2026-01-01", "octets": {octets}}}')
    assert _ledger(tmp_path).left == 100_000
