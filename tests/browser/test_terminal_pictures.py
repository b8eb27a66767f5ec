"""Pictures of terminals for the technician's guide, from what the programs themselves say; taken only when asked.

CAMPBOX_PICTURES=1 ./campbox test browser --only terminal
"""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from provisioning.console_page import Seen, page
from provisioning.flash import commands as flash
from provisioning.selftest.checks import CHECKS, result
from tests.browser.chromium import chromium
from tests.browser.test_pictures import take
from tests.provisioning.flash.test_verdict import CASES, layout_of
from tests.provisioning.selftest.test_checks import WELL

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CAMPBOX_PICTURES" not in os.environ, reason="pictures are taken when CAMPBOX_PICTURES is set"),
]
CABLE = {"wifi": {"kind": "external", "interface": "eth0"}}
CUT = {"uplink": {"connected": False, "carrier": False}, "hub": {"reached": "silent", "uplink": False}}
LINE, LETTER = 19, 8.5
"""Pixels of one line and one letter."""


def selftest(changes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the self-test publishes for a box on which all is well but for ``changes``."""
    outcomes = {check.name: check.judge({**WELL[check.source], **changes.get(check.source, {})}) for check in CHECKS}
    return result(outcomes, at=70, seconds=14.2)


def console(changes: dict[str, dict[str, Any]]) -> list[str]:
    """The page on a box's screen."""
    card = {"state": "ready", "why": "", "box": "camp-north-1", "image": {"campbox": "0.1.0", "recipe": "8c41d07e5b9f"}}
    seen = Seen(
        site="North Gate community centre", site_id="camp-north-1", lan=["10.44.0.1", "fd5c:a3b0:77::1"],
        uplinks=[("eth1", [] if changes else ["192.168.1.23"])], portal=31.4, failed=[], slot="system_a",
        clock="synced", card=card, storage={"state": "ready", "why": ""}, enrol={"state": "enrolled", "why": ""},
        selftest=selftest(CABLE | changes),
    )  # fmt: skip
    return page(seen)


def listed(monkeypatch: pytest.MonkeyPatch, case: str) -> list[str]:
    """What ``campbox flash --list`` says on one of the corpus's laptops."""
    monkeypatch.setattr(flash.reader, "look", lambda: layout_of(CASES[case]))
    return ["$ ./campbox flash --list", *CliRunner().invoke(flash.flash, ["--list"]).output.splitlines()]


def draw(folder: Path, name: str, lines: list[str]) -> None:
    """Lines as a terminal shows them, as a picture."""
    text = "\n".join(html.escape(line) for line in lines)
    style = f"margin:0;background:#14181c;color:#e6e6e6;font:14px/{LINE}px 'DejaVu Sans Mono',monospace;padding:12px"
    file = folder / f"{name}.html"
    file.write_text(
        f'<!doctype html><meta charset="utf-8"><title>{name}</title><body style="margin:0"><pre style="{style}">{text}</pre>',
        "utf-8",
    )
    width, height = int(max(map(len, lines)) * LETTER) + 30, len(lines) * LINE + 24
    with chromium(size=(max(width, 500), height), sharpness=2) as browser:
        browser.go(f"file://{file}")
        take(browser, name)


def test_picture_of_the_screen_of_a_box_that_serves(tmp_path: Path) -> None:
    lines = console({})
    assert any("passed" in line for line in lines)
    draw(tmp_path, "console-well", lines)


def test_picture_of_the_screen_of_a_box_without_its_uplink(tmp_path: Path) -> None:
    lines = console(CUT)
    assert any("FAILS uplink" in line for line in lines)
    draw(tmp_path, "console-uplink", lines)


def test_picture_of_the_list_of_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = listed(monkeypatch, "laptop-nvme-plain-sd-card-in-the-built-in-reader")
    assert "may be written:" in lines
    draw(tmp_path, "flash-list", lines)
