"""What stands ready before anybody comes."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path

from appliance.layout import Layout
from captive_portal import prerender
from captive_portal.app import create_app
from captive_portal.front_site import PRERENDERED
from tests.captive_portal.site import PROJECT, SITE
from tests.fakes.gate import FakeGate


def _written(folder: Path) -> dict[str, bytes]:
    layout = Layout.under(folder, PROJECT)
    layout.service_run("pages").mkdir(parents=True)
    prerender.write(SITE, layout)
    place = layout.service_run("pages")
    spoken = place / "voice"  # what this clone may have made for itself: tests/captive_portal/test_aloud.py
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and spoken not in path.parents
    }


def test_every_anonymous_page_of_every_language_is_written_plain_and_compressed(tmp_path: Path) -> None:
    files = _written(tmp_path)
    wanted = {"index.html"}
    for tag in SITE.site.languages:
        wanted |= {f"{tag}/{page or 'index'}.html" for page in (*PRERENDERED, "resting")}
    assert set(files) == wanted | {f"{name}.gz" for name in wanted}
    for name in wanted:
        assert gzip.decompress(files[f"{name}.gz"]) == files[name]


def test_a_page_from_a_file_is_the_page_the_portal_gives(tmp_path: Path) -> None:
    files = _written(tmp_path)
    client = create_app(SITE, Layout.under(tmp_path, PROJECT), FakeGate()).test_client()
    for tag in SITE.site.languages:
        assert files[f"{tag}/index.html"] == client.get(f"/{tag}/", headers={"X-Real-IP": "10.44.0.9"}).data


def test_writing_again_replaces_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, PROJECT)
    layout.service_run("pages").mkdir(parents=True)
    prerender.write(SITE, layout)
    renamed = dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, name="South Gate"))
    prerender.write(renamed, layout)
    assert "South Gate" in (layout.service_run("pages") / "ar" / "index.html").read_text()
    assert not [path for path in layout.run.rglob("*") if path.name.endswith(".new")]


def test_files_can_be_read_by_the_fronts_user(tmp_path: Path) -> None:
    _written(tmp_path)
    for path in (tmp_path / "run" / "pages").rglob("*"):
        assert path.stat().st_mode & (0o005 if path.is_dir() else 0o004)
