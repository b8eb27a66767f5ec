"""W ``campbox image boot``: an image flashed, powered on in an emulated computer, and met by phones and a hub."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.config import SiteConfig, parse
from appliance.errors import BadInput, ConfigError
from provisioning.card_site import refuse_public_name
from provisioning.lab.pace import patient

CARD_SITE = Path(__file__).with_name("card.toml")
MOST_PHONES, MOST_CUTS = 20, 10
PATIENCE = 600.0


@click.command(epilog="Example: campbox image boot camp-north.img --phones 2 --cut-power-after 15")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--arch", help="Which computer; else the one the image is for.")
@click.option("--site", type=click.Path(path_type=Path, dir_okay=False), help="The card's site file; else the lab's own.")
@click.option("--phones", type=click.IntRange(0, MOST_PHONES), default=2, show_default=True, help="How many come, in turn.")
@click.option("--cut-power-after", "cuts", type=click.FloatRange(0, 600), multiple=True, metavar="SECONDS",
              help="Pull the plug so long after power-on, then start again; each further one cuts a further start.")  # fmt: skip
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Join the demo that wrote this state file.")
@click.option(
    "--patience", type=click.FloatRange(1, 3600), help=f"Seconds a step may take; else {PATIENCE:.0f}, more on a slow machine."
)
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Keep the box's console there.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def boot(
    file: Path, arch: str | None, site: Path | None, phones: int, cuts: tuple[float, ...],
    state: Path | None, patience: float | None, log: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Rehearse a card: ticket at a hub, flash FILE to a card of 4 GB, power on, until phones are online and the hub sees the box.

    Starts a demo for its internet and its hub, unless --state names a running one. Emulated, without KVM: slower than a Pi.
    """
    from provisioning.lab import boot_show  # brings rich, cryptography and the rest: not for --help

    if len(cuts) > MOST_CUTS:
        raise BadInput(f"more than {MOST_CUTS} power cuts", where="--cut-power-after", mend="give fewer")
    site_file = site or CARD_SITE
    try:
        text = site_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read it: {error}", where=str(site_file), mend="name an existing TOML file in UTF-8") from error
    config = parse(text, str(site_file))
    check_site(config, str(site_file))
    asked = boot_show.Asked(file, arch, config, site_file, phones, cuts, state, patience or patient(PATIENCE), log, as_json)
    raise SystemExit(boot_show.run(asked))


def check_site(config: SiteConfig, file: str) -> None:
    """What the emulated computer cannot show. Raises ConfigError."""
    if config.radio is not None:
        raise ConfigError("the emulated computer has cables, no radio", where=f"{file}: [radio]", mend="write external_ap = true")
    if (config.lan.interface, config.uplinks[0].interface) != ("eth0", "eth1"):
        mend = 'write interface = "eth0" in [lan] and "eth1" in the first [[uplink]]'
        raise ConfigError("the emulated computer's cards are eth0 (people) and eth1 (uplink)", where=file, mend=mend)
    if config.hub is None:
        raise ConfigError("the box is to enrol at a hub", where=file, mend='add [hub] with host = "hub.campbox.example"')
    refuse_public_name(config, file)
