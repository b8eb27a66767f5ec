"""W Reads at each start what the card says, before anything else of ours runs: ``python -m provisioning.card``.

A site file on the card goes before the image's own. Who the box is goes into RAM for the services; the token moves into the box's
keeping and then off the card. A power cut may fall anywhere: what was begun is begun again at the next start.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance import facts, files
from appliance.box import prepare_identity, put_site_file, refuse_sample
from appliance.config import SiteConfig, parse
from appliance.errors import BadInput, CampboxError, NotSo
from appliance.files import make_folder, write_atomically, write_json
from appliance.layout import Layout
from provisioning import uplinks
from provisioning.card_rules import LARGEST, Card, Found, Kept, Plan, blanked, decide, fingerprint, read_card, read_kept

FIRMWARE = Path("/boot/firmware")
_OTHERS = ("identity", "telemetry")
"""Folders of state that belong to a box by name."""


@dataclass(frozen=True)
class Places:
    """Where things are: ``card`` the boot partition, ``network`` systemd-networkd's folder; ``keeps``: data is a disk."""

    layout: Layout
    card: Path
    network: Path
    keeps: bool

    @property
    def identity(self) -> Path:
        """The identity on the card."""
        return self.card / "campbox" / "identity.json"

    @property
    def kept(self) -> Path:
        """What of it the box took into its own keeping."""
        return self.layout.data / "card" / "identity.json"


def start(places: Places) -> dict[str, Any]:
    """Do all of it and return the facts that were published."""
    lines = list[str]()
    site_file, config = _site(places, lines)
    plan = _plan(places, config)
    lines += [plan.why] if plan.why else []
    try:
        _carry_out(places, plan)
    except (CampboxError, OSError) as error:
        lines.append(f"the card's identity is not all in place: {error}")
    told = {
        "state": plan.state,
        "why": "; ".join(lines),
        "box": str(plan.identity.box) if plan.identity else None,
        "site_file": site_file,
        "image": _image(places),
    }
    places.layout.facts_dir.mkdir(parents=True, exist_ok=True)
    facts.tell(places.layout, "card", told)
    return told


# --- the site file


def _site(places: Places, lines: list[str]) -> tuple[str, SiteConfig]:
    """The card's, when it has one and it is right; else the image's."""
    path, layout = places.card / "campbox" / "site.toml", places.layout
    if path.exists():
        try:
            text = _read(path).decode("utf-8")
            refuse_sample(parse(text, path.name), path.name)
            config = put_site_file(text, layout, path.name)
            _put_networks(places, config)
            return "card", config
        except (CampboxError, UnicodeDecodeError) as error:
            lines.append(f"the card's site file is not used: {error}")
    return "image", parse(layout.config_file.read_text("utf-8"), str(layout.config_file))


def _put_networks(places: Places, config: SiteConfig) -> None:
    """The interfaces of this site file, and no longer those of the image's."""
    texts = uplinks.networks(config)
    make_folder(places.network)
    for name, text in texts.items():
        write_atomically(places.network / name, text)
    for old in places.network.glob("*-campbox-*.network"):
        if old.name not in texts:
            old.unlink()


# --- who the box is


def _plan(places: Places, config: SiteConfig) -> Plan:
    folder = places.layout.identity_dir
    in_hand = (folder / "token").exists() or (folder / "cert.pem").exists()
    return decide(Found(_card(places), _kept(places), places.keeps, config.hub is not None, in_hand))


def _card(places: Places) -> Card | str | None:
    try:
        return read_card(_read(places.identity))
    except FileNotFoundError:
        return None
    except NotSo as error:
        return str(error)
    except BadInput as error:
        return error.what


def _kept(places: Places) -> Kept | None:
    """What cannot be read is as if it were not there: the card says it again."""
    try:
        return read_kept(_read(places.kept)) if places.keeps else None
    except (FileNotFoundError, NotSo, BadInput):
        return None


def _carry_out(places: Places, plan: Plan) -> None:
    """In this order, each step safe to repeat: set aside, take the token, remember that, blank it on the card."""
    layout, identity = places.layout, plan.identity
    if identity is None:
        layout.identity_file.unlink(missing_ok=True)
        return
    for folder in (places.kept.parent, layout.identity_dir):
        _sweep(folder)
    before = _kept(places)
    if plan.set_aside:
        for name in _OTHERS:
            _set_aside(layout.data / name)
    kept = Kept(identity, before.token if before and not plan.set_aside else "")
    _keep(places, kept)
    write_json(layout.identity_file, identity.as_json(plan.take), 0o600)
    prepare_identity(layout)
    if plan.take is not None:
        _keep(places, replace(kept, token=fingerprint(plan.take)))
    if plan.blank:
        _blank(places.identity)


def _sweep(folder: Path) -> None:
    """What a start that was cut short had begun to write may hold a token."""
    files.sweep(folder)


def _set_aside(folder: Path) -> None:
    if not folder.exists():
        return
    aside = folder.with_name(f"{folder.name}.before")
    shutil.rmtree(aside, ignore_errors=True)
    os.replace(folder, aside)


def _keep(places: Places, kept: Kept) -> None:
    if _kept(places) == kept:
        return
    make_folder(places.kept.parent)
    write_json(places.kept, kept.as_json())


def _blank(path: Path) -> None:
    """Over the token itself: a file written beside would leave it on the card's free blocks."""
    content = _read(path)
    token = read_card(content).token
    if token is None:
        return
    try:
        with path.open("r+b") as file:
            file.write(blanked(content, token))
            file.flush()
            os.fsync(file.fileno())
    except (OSError, BadInput) as error:
        why = error.what if isinstance(error, BadInput) else error.strerror
        mend = "is the card's switch on lock? wipe the file at the office"
        raise NotSo(f"the token stays on the card: {why}", where=path.name, mend=mend) from error


# --- reading


def _image(places: Places) -> dict[str, Any]:
    """What the image says of itself, for people to read."""
    try:
        values = json.loads(_read(places.card / "campbox" / "image.json"))
    except (OSError, ValueError, RecursionError, NotSo):
        return {}
    return values if isinstance(values, dict) else {}


def _read(path: Path) -> bytes:
    """A small file of the card. Raises FileNotFoundError, NotSo when a spoilt card does not give it."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotSo(f"cannot read: {error.strerror}", where=path.name, mend="the card may be worn out: make a new one") from error


def main() -> int:
    """Always 0: whatever the card says, the box serves. What is wrong is on the console and in the facts."""
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[1])
    told = start(Places(layout, FIRMWARE, Path(uplinks.FOLDER), os.path.ismount(layout.data)))
    if told["why"]:
        sys.stderr.write(f"{told['why']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
