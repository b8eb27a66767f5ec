"""When the page is written and to where: at news, never again for nothing, and the programs' line only where programs read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.layout import Layout
from provisioning import console
from provisioning.console_page import READY, Seen

SEEN = Seen("North Gate", "camp-north-1", [], [], None, [], "system_a", "floor")


class Desk:
    """A console whose world is ``seen`` and whose terminals are lists."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen = SEEN
        self.written = dict[str, list[str]]()
        monkeypatch.setattr(console, "gather", lambda layout, portal: replace(self.seen, portal=portal))
        monkeypatch.setattr(console, "write", lambda terminal, text: self.written.setdefault(terminal, []).append(text))
        self.console = console.Console(Layout.system(Path("/opt")), ("tty1", "ttyS0"))

    def look(self) -> dict[str, list[str]]:
        self.written.clear()
        self.console.look()
        return dict(self.written)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_the_page_is_written_once_for_each_news(desk: Desk) -> None:
    assert set(desk.look()) == {"tty1", "ttyS0"}
    assert desk.look() == {}
    desk.seen = replace(SEEN, failed=["x.service"])
    told = desk.look()
    assert "x.service" in told["tty1"][0] and "x.service" in told["ttyS0"][0]


def test_only_the_screen_is_cleared(desk: Desk) -> None:
    told = desk.look()
    assert told["tty1"][0].startswith("\x1b[H") and "\x1b" not in told["ttyS0"][0]


def test_the_line_for_programs_waits_for_the_portal_and_follows_every_news(desk: Desk) -> None:
    def lines(told: dict[str, list[str]]) -> list[str]:
        assert not any(READY in text for text in told.get("tty1", []))
        return [text for text in told.get("ttyS0", []) if text.startswith(READY)]

    assert lines(desk.look()) == []
    desk.console.portal = 12.3
    assert len(lines(desk.look())) == 1
    assert lines(desk.look()) == []
    for change in (
        {"failed": ["x.service"]},
        {"failed": ["x.service"], "selftest": {"state": "passed"}},
        {"failed": ["x.service"], "selftest": {"state": "passed"}, "enrol": {"state": "enrolled"}},
    ):
        desk.seen = replace(SEEN, **change)  # type: ignore[arg-type]
        assert len(lines(desk.look())) == 1


def test_a_portal_that_answered_is_not_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[str, str]]()
    site = (Path(__file__).resolve().parents[2] / "examples/site.toml").read_text()
    monkeypatch.setattr(console, "_config", lambda layout: console.parse(site))

    def answering(answer: bool) -> Callable[[str, str], bool]:
        return lambda address, name: bool(asked.append((address, name))) or answer

    monkeypatch.setattr(console, "answers", answering(False))
    desk.console.ask()
    assert desk.console.portal is None
    monkeypatch.setattr(console, "answers", answering(True))
    desk.console.ask()
    desk.console.ask()
    assert desk.console.portal is not None
    assert asked == [("10.44.0.1", "camp.internal")] * 2


def test_a_terminal_that_is_not_there_troubles_nobody(tmp_path: Path) -> None:
    console.write(f"../{tmp_path}/nothing", "text")
    assert list(tmp_path.iterdir()) == [], "it is not made either"


def test_what_is_written_arrives_whole(tmp_path: Path) -> None:
    (tmp_path / "terminal").touch()
    console.write(f"../{tmp_path}/terminal", "North é\n" * 2000)
    assert (tmp_path / "terminal").read_text() == "North ?\n" * 2000


def test_r7_a_look_that_fails_unforeseen_is_one_look_and_the_next_comes_in_its_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 3:
            raise SystemExit(0)

    def fail(layout: Layout, portal: float | None) -> Seen:
        raise KeyError("10.44.0.7")

    monkeypatch.setattr(console, "gather", fail)
    monkeypatch.setattr(console, "_config", lambda layout: None)
    monkeypatch.setattr(console, "start_logging", lambda: None)
    monkeypatch.setattr(time, "sleep", pause)
    with pytest.raises(SystemExit):
        console.main()
    assert pauses == [console._ASK] * 4, "the portal is asked meanwhile"
    assert "a look for the screen failed: KeyError at" in caplog.text and "10.44" not in caplog.text
