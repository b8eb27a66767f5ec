"""W ``campbox box poster``: the sheet to print and hang beside a box."""

from __future__ import annotations

import json
from pathlib import Path

import click

from appliance import config_kinds as kinds
from appliance.config import SiteConfig
from appliance.config_commands import load
from appliance.errors import BadInput
from appliance.files import write_atomically
from captive_portal.poster import writer
from captive_portal.poster.layout import network
from captive_portal.poster.page import candidates

KINDS = (".pdf", ".png")


@click.command(epilog="Example: campbox box poster site.toml --ssid 'Community Wi-Fi' --output poster.pdf")
@click.argument("site_file", metavar="SITE.toml", type=click.Path(path_type=Path))
@click.option("--ssid", help="The name of the Wi-Fi, where an access point beside the box gives it.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="A folder (for both), FILE.pdf or FILE.png.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def poster(site_file: Path, ssid: str | None, output: Path, as_json: bool) -> None:
    """Make a printable A4 sheet: how to join this Wi-Fi, in the site's languages, with codes to scan."""
    config = load(site_file)
    name = network(config, None if ssid is None else kinds.ssid(ssid))
    targets = files(output, str(config.site.id))
    sheet = one_page(config, name)
    for path in targets:
        write_atomically(path, sheet if path.suffix == ".pdf" else writer.png(sheet))
    written = [str(path) for path in targets]
    click.echo(json.dumps({"written": written, "ssid": name}, ensure_ascii=False) if as_json else "\n".join(written))


def one_page(config: SiteConfig, ssid: str) -> bytes:
    """The poster as PDF, with the largest letters that leave it one page. Raises BadInput when none do."""
    for html in candidates(config, ssid):
        sheet = writer.pdf(html)
        if sheet is not None:
            return sheet
    raise BadInput("the words do not fit on one sheet", mend="name fewer languages in [site]")


def files(output: Path, site: str) -> tuple[Path, ...]:
    """What to write. Raises BadInput for what is neither a folder that is there nor a name of a PDF or PNG."""
    if output.is_dir():
        return tuple(output / f"poster-{site}{kind}" for kind in KINDS)
    if output.suffix not in KINDS:
        raise BadInput("neither a folder that exists nor a name ending in .pdf or .png", where=str(output), mend="name one")
    return (output,)
