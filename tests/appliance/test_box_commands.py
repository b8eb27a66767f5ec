"""``campbox box``: what is refused or warned of before anything on the machine is changed."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from appliance import box_commands
from appliance.box_commands import box
from appliance.config import parse
from appliance.errors import ConfigError, NotSo
from appliance.layout import Layout

SITE = (Path(__file__).resolve().parents[2] / "examples/site.toml").read_text("utf-8")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A site file with the invented catalogue."""
    file = tmp_path / "site.toml"
    file.write_text(SITE.replace("sample = false", "sample = true"))
    return file


@pytest.mark.parametrize("deed", ["up", "install", "reload"])
def test_invented_content_stays_in_the_demo(sample: Path, deed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object, **__: object) -> None:
        raise AssertionError("went on with invented content")

    for name in ("put_units", "_read_identity", "_installed_config"):
        monkeypatch.setattr(box_commands, name, reached)
    where = ["--to" if deed == "install" else "--root", str(sample.parent / "box")]
    refused = CliRunner().invoke(box, [deed, str(sample), *where]).exception
    assert isinstance(refused, ConfigError) and "outside the demo" in str(refused)
    assert list(sample.parent.iterdir()) == [sample]


@pytest.mark.parametrize("deed", ["up", "install"])
def test_a_second_uplink_is_warned_of(tmp_path: Path, deed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_: object, **__: object) -> None:
        raise NotSo("far enough")

    monkeypatch.setattr(box_commands, "_read_identity", end)
    file = tmp_path / "site.toml"
    file.write_text(SITE + '\n[[uplink]]\ninterface = "wwan0"\ndown = "8mbit"\nup = "2mbit"\n')
    done = CliRunner().invoke(box, [deed, str(file), "--to" if deed == "install" else "--root", str(tmp_path / "box")])
    assert isinstance(done.exception, NotSo) and "wwan0 is opened, but not shaped" in done.stderr


@pytest.mark.parametrize("fault", [BrokenPipeError(), OSError(errno.ENOSPC, "no room"), OSError(errno.EIO, "the terminal is gone")])
def test_r7_a_box_goes_on_when_nobody_can_read_what_it_says(monkeypatch: pytest.MonkeyPatch, fault: OSError) -> None:
    """``campbox box up site.toml > box.log`` on a disk that is full, or ``| head -1``."""
    ticks, stopped = list[None](), list[None]()

    def tick() -> None:
        ticks.append(None)
        if len(ticks) == 3:
            raise KeyboardInterrupt

    def refuse(*_: object, **__: object) -> None:
        raise fault

    one = SimpleNamespace(
        start_shown=lambda: None, pids=dict, layout=Layout.under(Path("/nowhere"), Path("/nowhere")), tick=tick,
        stop=lambda: stopped.append(None),
    )  # fmt: skip
    monkeypatch.setattr(box_commands.click, "echo", refuse)
    monkeypatch.setattr(box_commands.signal, "signal", lambda *_: None)
    monkeypatch.setattr(box_commands.time, "sleep", lambda _: None)
    box_commands._run(one, parse(SITE))  # type: ignore[arg-type]
    assert len(ticks) == 3 and len(stopped) == 1
