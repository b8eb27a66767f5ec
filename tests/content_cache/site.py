"""E A site of the example file in a temporary place, with a catalogue stored in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from flask.testing import FlaskClient

from appliance.config import SiteConfig, parse
from appliance.layout import Layout
from appliance.web.languages import BY_TAG
from content_cache.app import create_app
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import PROJECT


def site(*, sample: bool = False) -> SiteConfig:
    """The example site, offering every language."""
    text = (PROJECT / "examples" / "site.toml").read_text(encoding="utf-8")
    example = parse(text.replace("sample = false", f"sample = {str(sample).lower()}"))
    return dataclasses.replace(example, site=dataclasses.replace(example.site, languages=tuple(BY_TAG)))


def place(folder: Path) -> Layout:
    """A box below ``folder``, with the folders a supervisor makes."""
    layout = Layout.under(folder, PROJECT)
    for path in (layout.service_data("content"), layout.identity_dir, layout.service_run("sync"), layout.facts_dir):
        path.mkdir(parents=True)
    return layout


def client(folder: Path, stored: Catalogue | None, *, sample: bool = False) -> FlaskClient:
    """A browser before the catalogue's application."""
    layout = place(folder)
    if stored is not None:
        build(layout.service_data("content") / FILE, stored, 1, "aa")
    return create_app(site(sample=sample), layout).test_client()
