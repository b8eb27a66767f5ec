"""systemd's own opinion of the units: they verify, and each of ours is a tight cell."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from appliance import stick_units
from appliance.config_commands import load
from appliance.errors import MissingComponent
from appliance.layout import Layout
from appliance.run import find_program, run
from appliance.services import services
from appliance.units import PROGRAMS, units
from tests.real.unit_files import units_of_debian

pytestmark = [pytest.mark.net, pytest.mark.loopback]
CODE = Path(__file__).resolve().parents[2]
MOST_EXPOSED = 2.5


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Every unit of box and hub, with the programs where they are on this machine."""
    try:
        find_program("systemd-analyze")
    except MissingComponent:
        pytest.skip("needs systemd-analyze")
    programs = {name: find_program(name) for name in PROGRAMS}
    for place in ("box", "hub"):
        table = services(place, radio=True, garden=True, api=True)  # type: ignore[arg-type]
        for name, text in units(table, Layout.system(CODE), sys.executable, programs).items():
            (tmp_path / name).write_text(text)
    (tmp_path / "campbox-stick@.service").write_text(stick_units.unit(Layout.system(CODE), sys.executable))
    return tmp_path


def test_systemd_finds_no_fault_in_any_unit(written: Path) -> None:
    done = run(["systemd-analyze", "verify", *map(str, sorted(written.iterdir()))], check=False, env=units_of_debian())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_notices_a_fault(written: Path) -> None:
    broken = written / "campbox-gate.service"
    broken.write_text(broken.read_text().replace("Type=exec", "Type=exce").replace("After=", "Afetr="))
    told = run(["systemd-analyze", "verify", str(broken)], check=False, env=units_of_debian()).stderr
    assert "exce" in told and "Afetr" in told


def test_every_unit_is_a_tight_cell(written: Path) -> None:
    figures = {}
    for path in sorted(written.glob("*.service")):
        told = run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)], check=False).stdout
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
        assert found is not None, told[-300:]
        figures[path.stem] = float(found[1])
    print(*(f"{name:30} {figure}" for name, figure in figures.items()), sep="\n")
    assert len(figures) >= 15
    assert {name: figure for name, figure in figures.items() if figure > MOST_EXPOSED} == {}


def test_what_is_staged_is_what_systemd_reads(tmp_path: Path) -> None:
    site = CODE / "examples" / "site.toml"
    argv = [
        "box",
        "install",
        str(site),
        "--to",
        str(tmp_path),
        "--code",
        "/opt/campbox",
        "--python",
        "/opt/campbox/.venv/bin/python",
    ]
    told = run([sys.executable, "-m", "appliance.cli", *argv]).stdout
    assert "files written" in told
    etc = tmp_path / "etc"
    assert load(etc / "campbox" / "campbox.toml") == load(site)
    link = etc / "systemd/system/multi-user.target.wants/campbox.target"
    assert link.readlink() == Path("/etc/systemd/system/campbox.target")
    assert "/opt/campbox/.venv/bin/python -m appliance.gate.daemon" in (etc / "systemd/system/campbox-gate.service").read_text()
    run(["systemd-sysusers", f"--root={tmp_path}", "campbox.conf"])
    assert "campbox-gate:x:70101:70101:" in (etc / "passwd").read_text()
    run(["systemd-tmpfiles", f"--root={tmp_path}", "--create", "campbox.conf"])
    assert (tmp_path / "run/campbox/facts").stat().st_mode & 0o7777 == 0o1777


def test_a_project_below_a_home_is_refused(tmp_path: Path) -> None:
    site = CODE / "examples" / "site.toml"
    argv = ["box", "install", str(site), "--to", str(tmp_path), "--code", "/home/someone/campbox"]
    done = run([sys.executable, "-m", "appliance.cli", *argv], check=False)
    assert done.returncode == 1 and "below a home" in done.stderr
    assert list(tmp_path.iterdir()) == []
