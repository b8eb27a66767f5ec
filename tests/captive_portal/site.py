"""The example site in the places of the demo."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from appliance.config import SiteConfig, parse
from appliance.layout import Layout
from appliance.web.languages import BY_TAG

PROJECT = Path(__file__).resolve().parents[2]
SITE = parse((PROJECT / "examples" / "site.toml").read_text())
EVERY = dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, languages=tuple(BY_TAG)))
"""The same site, offering every language there is."""
LAYOUT = Layout.under(Path("/run/campbox-demo/box"), Path("/run/campbox-demo/app"))


def with_codes(site: SiteConfig = EVERY) -> SiteConfig:
    """A site whose people may take codes."""
    return dataclasses.replace(site, access=dataclasses.replace(site.access, identity="code"))


def with_api(name: str = "portal.example.org") -> SiteConfig:
    """The example with a public name."""
    return dataclasses.replace(SITE, access=dataclasses.replace(SITE.access, api_name=name))


def with_after_reboot(choice: Literal["grace", "ask"]) -> SiteConfig:
    """The example with another answer to a power cut."""
    return dataclasses.replace(SITE, access=dataclasses.replace(SITE.access, after_reboot=choice))
