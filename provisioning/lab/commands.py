"""W ``campbox demo``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from appliance.config import SiteConfig, parse
from appliance.errors import ConfigError, MissingComponent

DEFAULT_SITE = Path(__file__).with_name("site.toml")
MOST_PHONES = 60
UNITS = {"kB": 1_000, "MB": 1_000_000}
SMALLEST_DISK = 100_000


class Octets(click.ParamType[int]):
    """A number of bytes: 2MB, 500kB."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes. Fails for what is no size, or less than a disk can be."""
        match = re.fullmatch(r"([0-9]{1,6})\s?(kB|MB)", str(value))
        octets = int(match[1]) * UNITS[match[2]] if match else 0
        if octets < SMALLEST_DISK:
            self.fail(f"{value!r} is no size of a disk: write 2MB, or at least 100kB", param, ctx)
        return octets


@click.command(epilog="Example: campbox demo --phones 12 --check")
@click.option("--phones", type=click.IntRange(0, MOST_PHONES), default=6, show_default=True, help="How many join, in turn.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="End by itself after so long.")
@click.option("--check", is_flag=True, help="Let phones make their journeys, print every expectation, exit 0 if all hold.")
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Write addresses and processes there, as JSON.")
@click.option("--config", "site", type=click.Path(path_type=Path, dir_okay=False), help="A site file instead of the demo's own.")
@click.option("--kernel", type=click.Choice(["host", "debian"]), default="host", show_default=True, help="Whose kernel.")
@click.option("--data-disk", "disk", type=Octets(), help="So much room on the box's disk, as 2MB; --check fills it up midway.")
def demo(
    phones: int, minutes: float | None, check: bool, state: Path | None, site: Path | None, kernel: str, disk: int | None
) -> None:
    """A whole camp on this machine: internet, hub, box and phones. Keys: c cuts the uplink, r restores it, b reboots, q quits."""
    from provisioning.lab import demo as show  # brings rich, cryptography and the rest: not for --help

    if kernel == "debian":
        raise MissingComponent(
            "an emulated machine is too slow for a whole camp",
            where="--kernel debian",
            mend="its parts are tried there by ./campbox test vm",
        )
    file = site or DEFAULT_SITE
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read it: {error}", where=str(file), mend="name an existing TOML file in UTF-8") from error
    _check_site(parse(text, str(file)), str(file))
    wanted = show.Wanted(phones, minutes, check, state, text, str(file), disk)
    raise SystemExit(show.run(wanted))


def _check_site(config: SiteConfig, file: str) -> None:
    """What a camp of cables cannot show. Raises ConfigError."""
    if config.radio is not None:
        raise ConfigError("the demo has cables, no radio", where=f"{file}: [radio]", mend="write external_ap = true instead")
    if config.hub is None:
        raise ConfigError("the demo's box enrols at a hub", where=file, mend='add [hub] with host = "hub.example.org"')
