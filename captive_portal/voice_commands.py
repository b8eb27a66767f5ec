"""W ``campbox box voices``: reads the welcome and the emergency page aloud into files, in every language with a voice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from appliance.config import SiteConfig
from appliance.config_commands import load
from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.web.languages import Language, offered
from captive_portal import aloud
from captive_portal.app import PROJECT, create_app
from captive_portal.spoken import words_of
from captive_portal.voice import speak


@click.command(epilog="Example: campbox box voices site.toml")
@click.argument("site_file", metavar="SITE.toml", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), help="The folder to write to; else where the image and the demo look.")
def voices(site_file: Path, to: Path | None) -> None:
    """Have espeak-ng read two pages aloud, in each language of the site that it has a voice for.

    An image that is built has this done by itself. What a person has recorded, <page>.opus and <page>.mp3 beside the PO file,
    goes before.
    """
    config, folder = load(site_file), to or PROJECT / aloud.MADE
    with ThreadPoolExecutor() as pool:  # the work is done by other programs
        known = offered(config)
        for language, lines in zip(known, pool.map(lambda one: list(_language(config, one, folder)), known), strict=True):
            for line in lines:
                click.echo(f"{language.tag}: {line}")


def _language(config: SiteConfig, language: Language, to: Path) -> Iterator[str]:
    for page, address in aloud.PAGES.items():
        found = aloud.find(PROJECT, language, page)
        if found is not None and not found.machine:
            yield f"{page}: a person has recorded it"
        elif language.voice is None:
            yield f"{page}: no voice; record one"
        else:
            text = page_text(config, f"/{language.tag}/{address}")
            sizes = [speak(text, language.voice, ending, to / language.tag / f"{page}.{ending}") for ending in aloud.FORMATS]
            yield f"{page}: spoken by a machine, {' and '.join(f'{size // 1000} kB' for size in sizes)}"


def page_text(config: SiteConfig, address: str) -> str:
    """What is read aloud of one of the portal's pages. Raises NotSo when it cannot be made or has no such words."""
    nowhere = Layout.under(Path("/nonexistent"), PROJECT)
    client = create_app(config, nowhere, gate=lambda request: {"ok": False, "why": "bad-request"}).test_client()
    answer = client.get(address, headers={"Host": "localhost"})
    text = words_of(answer.text) if answer.status_code == 200 else ""
    if not text:
        raise NotSo("nothing on this page can be read aloud", where=address, mend="run campbox test fast to see why")
    return text
