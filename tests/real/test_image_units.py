"""systemd's opinion of the units that only an image has: they verify, and are as tight as the rest."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.errors import MissingComponent
from appliance.run import find_program, run
from provisioning.image.own_units import PYTHON, STORAGE_SCRIPT
from provisioning.image.system import late
from tests.real.unit_files import units_of_debian

pytestmark = pytest.mark.net
ROOT = Path(__file__).resolve().parents[2]
MOST_EXPOSED = 2.5


@pytest.fixture
def written(tmp_path: Path) -> list[Path]:
    """The units, with programs that this machine has."""
    try:
        find_program("systemd-analyze")
    except MissingComponent:
        pytest.skip("needs systemd-analyze")
    files = [one for one in late(parse((ROOT / "examples/site.toml").read_text()), "arm64") if one.link is None]
    folder = "/etc/systemd/system/"
    units = [one for one in files if re.fullmatch(rf"{folder}campbox-[a-z]+\.service", one.path)]
    for one in units:
        text = one.text.replace(PYTHON, sys.executable).replace(STORAGE_SCRIPT, "/bin/true")
        (tmp_path / one.path.removeprefix(folder)).write_text(text)
    return sorted(tmp_path.iterdir())


def test_systemd_finds_no_fault_in_them(written: list[Path]) -> None:
    assert [path.stem for path in written] == ["campbox-card", "campbox-console", "campbox-storage"]
    done = run(["systemd-analyze", "verify", *map(str, written)], check=False, env=units_of_debian())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_each_is_a_tight_cell(written: list[Path]) -> None:
    for path in written:
        told = run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)], check=False).stdout
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
        assert found is not None, told[-300:]
        assert float(found[1]) <= MOST_EXPOSED, path.name
