"""W ``campbox image``: build, verify and boot images of cards."""

from __future__ import annotations

import importlib
import json
import os
import signal
from pathlib import Path

import click

from appliance.errors import ConfigError
from provisioning.image import recipe

_ELSEWHERE = {"verify": "provisioning.image.verify_command:verify", "boot": "provisioning.lab.image_boot:boot"}
"""Sub-commands in modules of their own, loaded only when they are asked for."""


class _Group(click.Group):
    """Finds the sub-commands that are elsewhere."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(name for name in _ELSEWHERE if self.get_command(ctx, name))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = _ELSEWHERE[cmd_name].partition(":")
        try:
            found: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            return None
        return found


@click.group(cls=_Group, epilog="Example: campbox image build --site north.toml --output north.img.zst")
def image() -> None:
    """Images for cards: build them, look into them, boot them in an emulated computer."""


@image.command(epilog="Example: campbox image build --site north.toml --output north.img.zst")
@click.option("--site", required=True, type=click.Path(path_type=Path), help="The site file; a card may bring another.")
@click.option("--arch", default="arm64", show_default=True, help="arm64 (Raspberry Pi 3, 4, Zero 2 W) or amd64 (a PC).")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="The file to write; FILE.img.zst is compressed.")
@click.option("--mirror", help="Where Debian's packages are; else where this machine's own apt finds them.")
@click.option("--security-mirror", help="Where its security updates are; else the same.")
@click.option("--offline", is_flag=True, help="Only what was fetched before.")
@click.option("--fresh", is_flag=True, help="Build every layer anew, whatever the cache has.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON: sizes, seconds, packages with versions and hashes.")
def build(
    site: Path, arch: str, output: Path, mirror: str | None, security_mirror: str | None, offline: bool, fresh: bool, as_json: bool
) -> None:
    """Make a bootable image from Debian's packages and this project. The first takes minutes, the next one less."""
    from provisioning.image import disk
    from provisioning.image.build import Wanted  # brings rich and the rest: not for --help
    from provisioning.image.build import build as make
    from provisioning.image.fetch import machine_targets
    from provisioning.image.mirrors import choose
    from provisioning.image.steps import Steps

    try:
        text = site.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read it: {error}", where=str(site), mend="name an existing TOML file in UTF-8") from error
    # A build that is asked to end tidies up as after Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    mirrors = choose(mirror, security_mirror, "" if mirror and security_mirror else machine_targets())
    sources = recipe.sources(mirrors.debian, mirrors.security)
    with Steps() as steps:
        wanted = Wanted(text, str(site), arch, output.absolute(), cache_folder(), sources, offline=offline, fresh=fresh)
        built = make(wanted, steps)
    disk.hand_over(wanted.output, os.environ)
    click.echo(json.dumps(built.as_json()) if as_json else "\n".join(built.words()))


def cache_folder() -> Path:
    """Where fetched packages and built layers are kept (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".cache") / "campbox/image"
