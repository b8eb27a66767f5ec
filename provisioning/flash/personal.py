"""P What makes a card one box's: identity and site file, checked against each other and the image before anything is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.config import SiteConfig
from appliance.config import parse as parse_site
from appliance.errors import BadInput, ConfigError, Refused
from provisioning.card_site import refuse_public_name
from provisioning.enrolment import TICKET_LIFE, day, token_hash
from provisioning.flash.disks import plain
from provisioning.identity import Identity, parse_identity

MANIFEST = "campbox/image.json"
IDENTITY = "campbox/identity.json"
SITE = "campbox/site.toml"
MANIFEST_FORMAT = 1
LARGEST = 256 * 1024
"""Bytes; an identity has 300, a site file with every comment 4,000."""

_KNOWN = {"box", "site", "hub", "pin", "token", "expires"}
_TICKET = "make a new one at the hub: campbox enrol ticket"


@dataclass(frozen=True)
class Manifest:
    """What an image says of itself."""

    version: str
    arch: str
    site: str
    recipe: str


@dataclass(frozen=True)
class Given:
    """A file from the technician: where it lies and what is in it; ``changed`` is when it was written, seconds since 1970."""

    where: str
    content: bytes
    changed: float = 0.0


@dataclass(frozen=True)
class Personal:
    """What goes onto the card beside the image: path in the boot partition -> what was given."""

    files: Mapping[str, Given]
    identity: Identity | None
    site: str


def parse_manifest(untrusted: bytes | None) -> Manifest:
    """Read ``campbox/image.json``. Raises BadInput when there is none, or one of another format."""
    if untrusted is None:
        raise BadInput(f"not a Campbox image: there is no {MANIFEST} in it", mend="campbox image build makes one")
    values = _object(untrusted, MANIFEST)
    if values.get("format") != MANIFEST_FORMAT:
        asked = plain(str(values.get("format")))
        raise BadInput(f"the image has format {asked}, this Campbox writes {MANIFEST_FORMAT}", mend="use the Campbox that built it")
    texts = [plain(values.get(name)) for name in ("campbox", "arch", "site", "recipe")]
    if not all(texts[:2]):
        raise BadInput(f"{MANIFEST} in the image does not say which Campbox it holds", mend="build the image again")
    return Manifest(*texts)


def personalise(manifest: Manifest, own_version: str, identity: Given | None, site: Given | None, now: float) -> Personal:
    """Check all that was given; ``own_version`` is this Campbox's. Raises BadInput, ConfigError or Refused."""
    who = None if identity is None else _identity(identity, now)
    config = None if site is None else _site(site, manifest, own_version)
    place = str(config.site.id) if config else manifest.site
    if who is not None and place and str(who.site) != place:
        holder = "the site file" if config else "the image"
        mend = "give that site's file with --site" if not config else "give the site file the ticket was made for"
        raise Refused(f"the identity is for the site {who.site}, {holder} for {place}", mend=mend)
    if who is not None and config is not None and config.hub is not None and config.hub.ca not in (None, who.pin):
        raise Refused("the identity and the site file are for two different hubs: their pins differ", mend=_TICKET)
    files = {path: given for path, given in ((IDENTITY, identity), (SITE, site)) if given is not None}
    return Personal(files, who, place)


def summary(manifest: Manifest, personal: Personal) -> str:
    """What the card is, in half a line."""
    who, of = personal.identity, f"Campbox {manifest.version} {manifest.arch}"
    if who is None:
        return f"no identity, site {personal.site or 'of the image'}, {of}"
    return f"box {who.box} for {who.host}:{who.port}, {of}"


def _identity(given: Given, now: float) -> Identity:
    try:
        if re.search(rb"PRIVATE\s+KEY", given.content):
            raise Refused("it holds a private key, which never leaves the place where it was made", mend=_TICKET)
        values = _object(given.content, "the identity")
        strange = sorted(set(values) - _KNOWN)
        if strange:
            raise Refused(f"it holds {plain(strange[0])!r}, which does not belong onto a card", mend=_TICKET)
        found = parse_identity(values)
        if not isinstance(values.get("token"), str):
            raise Refused("it has no token: it was taken from a box, or used", mend=_TICKET)
        token_hash(values["token"])
        _check_date(values.get("expires"), given.changed, now)
    except BadInput as error:
        raise BadInput(error.what, where=given.where, mend=error.mend or _TICKET) from error
    except Refused as error:
        raise Refused(error.what, where=given.where, mend=error.mend) from error
    return found


def _check_date(expires: Any, changed: float, now: float) -> None:
    """A ticket is good for TICKET_LIFE; a copy of the file is never older than the ticket, so an old file is surely expired."""
    if expires is None:
        known = changed + TICKET_LIFE if changed > 0 else now + 1
    elif isinstance(expires, (int, float)) and not isinstance(expires, bool) and 0 <= expires < 1e11:
        known = float(expires)
    else:
        raise BadInput("expires is not a number of seconds since 1970", mend=_TICKET)
    if now >= known:
        raise Refused(f"this ticket expired {day(known)} UTC", mend=_TICKET)


def _site(given: Given, manifest: Manifest, own_version: str) -> SiteConfig:
    if re.search(rb"PRIVATE\s+KEY", given.content):
        raise Refused("it holds a private key", where=given.where, mend="take it out: boxes make their own")
    try:
        config = parse_site(given.content.decode("utf-8"), given.where)
    except UnicodeDecodeError as error:
        raise ConfigError("cannot read it: it is not UTF-8", where=given.where, mend="save it as UTF-8") from error
    if config.catalogue.sample:
        mend = "invented content is for the demo: remove sample = true"
        raise ConfigError("sample = true outside the demo", where=f"{given.where}: [catalogue]", mend=mend)
    refuse_public_name(config, given.where)
    if _series(manifest.version) != _series(own_version):
        what = f"this Campbox ({own_version}) cannot say whether the site file suits the image's ({manifest.version})"
        raise Refused(what, where=given.where, mend="flash with the Campbox that built the image, or build it with the site file")
    return config


def _series(version: str) -> str:
    """0.1 of 0.1.7: site files stay readable within it."""
    return ".".join(version.split(".")[:2])


def _object(untrusted: bytes, name: str) -> dict[str, Any]:
    if len(untrusted) > LARGEST:
        raise BadInput(f"{name} is too long", mend=f"it has {len(untrusted)} bytes, {LARGEST} at most")
    try:
        values = json.loads(untrusted)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON", mend=_TICKET) from error
    if not isinstance(values, dict):
        raise BadInput(f"{name} is not an object", mend=_TICKET)
    return values
