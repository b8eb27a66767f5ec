"""The first start as root does it, cut at every single deed on the disk; and what later starts find."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.layout import Layout
from appliance.run import run, spawn
from appliance.services import USERS
from provisioning.lab.pace import patient
from tests.real.deadly import killer

pytestmark = [pytest.mark.net, pytest.mark.loopback, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files get owners")]
CODE = Path(__file__).resolve().parents[2]
SITE = (CODE / "examples/site.toml").read_text()
TOKEN, NEWER = "A" * 43, "b" * 43

RUN = f"""
{killer("replace", "unlink", "fsync", "rmdir", "mkdir", "chown")}
from pathlib import Path
from appliance.layout import Layout
from provisioning import card
root = Path(sys.argv[2])
card.start(card.Places(Layout.under(root / "box", Path(sys.argv[3])), root / "card", root / "network", sys.argv[4] == "keeps"))
"""


def identity(box: str = "north-1", token: str | None = TOKEN) -> dict[str, Any]:
    hub = {"host": "hub.example.org", "port": 8443}
    values = {"box": box, "site": "camp-north-1", "hub": hub, "pin": "sha256:" + "0" * 64}
    return values if token is None else {**values, "token": token}


class Box:
    """A card and a box below one folder."""

    def __init__(self, root: Path, on_card: dict[str, Any] | bytes | None) -> None:
        self.root, self.layout, self.card = root, Layout.under(root / "box", CODE), root / "card" / "campbox"
        self.card.mkdir(parents=True)
        self.layout.data.mkdir(parents=True)
        (root / "network").mkdir()
        self.write(on_card)
        self.lose_power()

    def write(self, on_card: dict[str, Any] | bytes | None) -> None:
        if on_card is not None:
            content = on_card if isinstance(on_card, bytes) else json.dumps(on_card, indent=1).encode()
            (self.card / "identity.json").write_bytes(content)

    def lose_power(self) -> None:
        """RAM forgets; the image's own site file is there again."""
        for folder in (self.layout.etc, self.layout.run):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.layout.config_file.write_text(SITE)

    def start(self, die_at: int = 0, *, keeps: bool = True) -> int:
        argv = [sys.executable, "-c", RUN, str(die_at), str(self.root), str(CODE), "keeps" if keeps else "forgets"]
        environment = {"PYTHONPATH": str(CODE), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        code: int = spawn(argv, env=environment).wait(patient(180))
        return code

    @property
    def told(self) -> dict[str, Any]:
        return facts.read(self.layout, "card")

    def token(self) -> str | None:
        with contextlib.suppress(FileNotFoundError):
            return (self.layout.identity_dir / "token").read_text().strip()
        return None

    def enrol(self) -> None:
        """As the agent leaves it."""
        (self.layout.identity_dir / "token").unlink()
        for name in ("key.pem", "cert.pem"):
            (self.layout.identity_dir / name).write_text(f"{name} of {self.told['box']}")

    def everything(self) -> dict[str, tuple[int, bytes]]:
        files = (path for top in (self.layout.data, self.root / "card") for path in top.rglob("*") if path.is_file())
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    def places_of(self, text: str) -> list[str]:
        return [name for name, (_, content) in self.everything().items() if text.encode() in content]

    def assert_taken(self, box: str = "north-1", token: str = TOKEN) -> None:
        assert self.told["state"] == "ready" and self.told["why"] == "" and self.told["box"] == box
        assert self.token() == token
        assert json.loads(self.layout.identity_file.read_text()) == identity(box, None)
        assert self.places_of(token) == [str(self.layout.identity_dir / "token")]
        assert (self.layout.identity_dir / "token").stat().st_uid == USERS["campbox-telemetry"]
        assert json.loads((self.card / "identity.json").read_text()).keys() == identity().keys()


def test_a_first_start_leaves_the_token_in_the_agents_folder_alone(tmp_path: Path) -> None:
    box = Box(tmp_path, identity())
    assert box.start() == 0
    box.assert_taken()


def test_killed_before_any_single_deed_of_a_first_start_the_next_completes(tmp_path: Path) -> None:
    survived = False
    for step in range(1, 100):
        box = Box(tmp_path / str(step), identity())
        code = box.start(step)
        assert code in (0, -signal.SIGKILL)
        survived = code == 0
        box.lose_power()
        assert box.start() == 0
        box.assert_taken()
        if survived:
            assert step > 15
            break
    assert survived


def test_killed_before_any_single_deed_of_becoming_another_box_the_old_ones_key_is_kept_and_not_used(tmp_path: Path) -> None:
    survived = False
    for step in range(1, 150):
        box = Box(tmp_path / str(step), identity())
        box.start()
        box.enrol()
        box.write(identity("south-1", NEWER))
        box.lose_power()
        survived = box.start(step) == 0
        box.lose_power()
        assert box.start() == 0
        box.assert_taken("south-1", NEWER)
        assert {path.name for path in box.layout.identity_dir.iterdir()} == {"token"}
        assert (box.layout.data / "identity.before" / "key.pem").read_text() == "key.pem of north-1"
        if survived:
            break
    assert survived


def test_later_starts_write_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path, identity())
    box.start()
    box.enrol()
    before = box.everything()
    box.lose_power()
    assert box.start() == 0
    assert box.everything() == before
    assert json.loads(box.layout.identity_file.read_text()) == identity(token=None)


def test_a_card_written_anew_for_the_same_box_is_taken_and_the_key_stays(tmp_path: Path) -> None:
    box = Box(tmp_path, identity())
    box.start()
    box.enrol()
    box.write(identity(token=NEWER))
    box.lose_power()
    assert box.start() == 0
    box.assert_taken(token=NEWER)
    assert (box.layout.identity_dir / "key.pem").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"box": "UPPER"}', b" " * 70_000])
def test_a_spoilt_identity_is_one_line_and_the_box_serves(tmp_path: Path, content: bytes) -> None:
    box = Box(tmp_path, content)
    assert box.start() == 0
    assert box.told["state"] == "damaged" and "cannot be read" in box.told["why"] and "\n" not in box.told["why"]
    assert not box.layout.identity_file.exists()


def test_without_its_data_partition_a_box_leaves_the_token_where_it_is(tmp_path: Path) -> None:
    box = Box(tmp_path, identity())
    assert box.start(keeps=False) == 0
    assert box.told["state"] == "memory"
    assert box.token() is None and box.places_of(TOKEN) == [str(box.card / "identity.json")]


def test_a_site_file_on_the_card_goes_before_the_images_with_its_interfaces(tmp_path: Path) -> None:
    box = Box(tmp_path, identity())
    (tmp_path / "network" / "20-campbox-uplink-9.network").write_text("of the image")
    (box.card / "site.toml").write_text(SITE.replace('"eth1"', '"wwan0"').replace("North Gate", "South Gate"))
    assert box.start() == 0
    assert "South Gate" in box.layout.config_file.read_text() and box.told["site_file"] == "card"
    texts = {path.name: path.read_text() for path in (tmp_path / "network").iterdir()}
    assert set(texts) == {"10-campbox-lan.network", "20-campbox-uplink-1.network"}
    assert "Name=wwan0\n" in texts["20-campbox-uplink-1.network"]


@pytest.mark.parametrize("text", ["", "no toml [", SITE.replace("sample = false", "sample = true"), SITE + "\n[odd]\n"])
def test_a_wrong_site_file_on_the_card_is_said_and_the_images_stays(tmp_path: Path, text: str) -> None:
    box = Box(tmp_path, identity())
    (box.card / "site.toml").write_text(text)
    assert box.start() == 0
    assert box.told["site_file"] == "image" and "site file is not used" in box.told["why"]
    assert box.layout.config_file.read_text() == SITE
    assert box.token() == TOKEN


def test_a_card_on_lock_is_said_and_the_box_enrols_all_the_same(tmp_path: Path) -> None:
    box = Box(tmp_path, identity())
    run(["mount", "--bind", "-o", "ro", str(box.card), str(box.card)])
    try:
        run(["mount", "-o", "remount,bind,ro", str(box.card)])
        assert box.start() == 0
    finally:
        run(["umount", str(box.card)])
    assert box.token() == TOKEN
    assert "token stays on the card" in box.told["why"]
