"""W What the tests of ``campbox flash`` begin with: an image made by mtools, a ticket, and a card made without questions."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from appliance.run import run
from provisioning.flash.job import Done, Wish, make_card
from provisioning.flash.plan import MIB
from tests.provisioning.flash import making

MISSING = [name for name in ("mcopy", "mformat") if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
WITH_MTOOLS = pytest.mark.skipif(bool(MISSING), reason="mtools is not here: ./campbox test image installs it")
SIZE = 40 * MIB


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card image of 12 MiB whose boot partition mtools made."""
    path = tmp_path_factory.mktemp("image") / "card.img"
    filling = random.Random(3).randbytes(5 * MIB)
    path.write_bytes((making.gpt() + bytes(4 * MIB) + filling).ljust(making.IMAGE_SIZE, b"\0"))
    manifest = path.with_name("image.json")
    manifest.write_bytes(making.text(making.MANIFEST))
    at = f"{path}@@{MIB}"
    run(["mformat", "-i", at, "-T", str(4 * MIB // 512), "-h", "16", "-s", "32", "::"])
    run(["mmd", "-i", at, "::campbox"])
    run(["mcopy", "-i", at, str(manifest), "::campbox/image.json"])
    return path


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """What a card for a box carries."""
    path = tmp_path / "identity.json"
    path.write_bytes(making.text(making.IDENTITY))
    return path


def make(image: Path, to: Path, **more: Any) -> Done:
    """Flash it; nobody is asked anything."""
    size = None if to.is_block_device() else SIZE
    return make_card(
        Wish(image, to, **{"size": size, **more}), "0.1.0", lambda _: None, lambda _: None, lambda doing, done, total: None
    )
