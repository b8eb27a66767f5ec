"""W One card from beginning to end: check everything, ask, write, read back, say what it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from appliance.errors import BadInput, CampboxError, NotSo, Refused
from provisioning.flash import personal, reader
from provisioning.flash.card import BlockCard, FileCard, Fingerprint, Opened
from provisioning.flash.disks import Node
from provisioning.flash.image import Image
from provisioning.flash.personal import Given, Manifest, Personal
from provisioning.flash.plan import is_unfinished, rehearsal_size, size_words, span_words
from provisioning.flash.verdict import Verdict, judge
from provisioning.flash.writer import Tell, Written, write

AskSerial = Callable[[Verdict], str | None]
"""Shows what makes a typed serial necessary, returns what was typed; None where nobody can be asked."""
AskWrite = Callable[[Node], None]
"""Shows the device and returns if it is to be overwritten. Raises Refused."""


@dataclass(frozen=True)
class Done:
    """A finished card, and the facts of making it. Seconds are of writing and reading back: not of waiting for an answer."""

    card: str
    target: str
    manifest: Manifest
    personal: Personal
    written: Written
    seconds: float

    def line(self) -> str:
        """What this card is."""
        went_on = f", {size_words(self.written.resumed)} of it were there already" if self.written.resumed else ""
        size = size_words(self.written.size)
        return f"card: {self.card}, {size} written and read back in {span_words(self.seconds)}{went_on}"

    def facts(self) -> dict[str, Any]:
        """The same for programs; no token."""
        who = self.personal.identity
        return {
            "target": self.target,
            "box": str(who.box) if who else None,
            "hub": f"{who.host}:{who.port}" if who else None,
            "site": self.personal.site,
            "campbox": self.manifest.version,
            "arch": self.manifest.arch,
            "recipe": self.manifest.recipe,
            "files": sorted(self.personal.files),
            "bytes": self.written.size,
            "resumed_bytes": self.written.resumed,
            "sha256": self.written.sha256,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    image: Path
    to: Path
    identity: Path | None = None
    site: Path | None = None
    serial: str | None = None
    size: int | None = None


def make_card(wish: Wish, own_version: str, ask_serial: AskSerial, ask_write: AskWrite, tell: Tell) -> Done:
    """Make one card. Raises a CampboxError; the target then is as it was, or is no card that anything starts from."""
    number = reader.device_number(wish.to)
    image = Image(wish.image)
    try:
        try:
            manifest = personal.parse_manifest(image.get(personal.MANIFEST))
        except BadInput as error:
            raise BadInput(error.what, where=str(wish.image), mend=error.mend) from error
        found = personal.personalise(manifest, own_version, _given(wish.identity), _given(wish.site), time.time())
        for name, given in found.files.items():
            image.put(name, given.content, given.changed)
        target: _Target = _File(wish, image) if number is None else _Device(wish, image, number, ask_serial, ask_write)
        began = time.monotonic()
        written = target.make(lambda card: _write(card, image, found, tell))
    finally:
        image.close()
    return Done(personal.summary(manifest, found), str(wish.to), manifest, found, written, time.monotonic() - began)


def _write(card: Opened, image: Image, found: Personal, tell: Tell) -> Written:
    try:
        written = write(card, image.size, image.chunks(), tell)
        card.drop_cache()
        for name, given in found.files.items():
            if image.get(name, card.path) != given.content:
                raise NotSo(f"{name} does not come back from the card", mend="take another card")
    except CampboxError as error:
        if not error.where:
            error.where = card.where
        raise
    return written


class _Target(Protocol):
    """Where a card is made."""

    def make(self, deed: Callable[[Opened], Written]) -> Written:
        """Open it, let ``deed`` write, close it; whatever happens, what is half done looks like no card."""


class _File:
    """A rehearsal: a sparse file; what stands there and is no card image is left alone."""

    def __init__(self, wish: Wish, image: Image) -> None:
        self.path, self.size = wish.to, wish.size or rehearsal_size(image.size)
        if wish.serial is not None:
            raise BadInput("a file has no serial", where=str(wish.to), mend="leave --serial out")
        if self.size < image.size:
            mend = f"choose --size {image.size} or more, or leave it out"
            raise BadInput(f"--size {self.size} is less than the image's {image.size} bytes", where=str(wish.to), mend=mend)
        if wish.to.exists():
            self._check_replaceable(wish)

    def _check_replaceable(self, wish: Wish) -> None:
        if any(other is not None and os.path.samefile(other, wish.to) for other in (wish.image, wish.identity, wish.site)):
            raise BadInput("that is one of the files to read from", where=str(wish.to), mend="name another file")
        with wish.to.open("rb") as file:
            head = file.read(520)
        if head and head[512:] != b"EFI PART" and not is_unfinished(head):
            mend = "name another file, or remove it"
            raise Refused("a file stands there already that is no card image", where=str(wish.to), mend=mend)

    def make(self, deed: Callable[[Opened], Written]) -> Written:
        card = FileCard(self.path, self.size)
        try:
            written = deed(card)
            card.finish()
        except KeyboardInterrupt as error:
            card.abandon()
            raise KeyboardInterrupt("nothing is left of that file") from error
        except BaseException:
            card.abandon()
            raise
        return written


class _Device:
    """A real card: judged, asked about, opened, and judged again before the first byte."""

    def __init__(self, wish: Wish, image: Image, number: str, ask_serial: AskSerial, ask_write: AskWrite) -> None:
        if wish.size is not None:
            raise BadInput("a device has the size it has", where=str(wish.to), mend="leave --size out")
        self.wish, self.number, self.image_size = wish, number, image.size
        self.image_on = reader.lies_on(wish.image)
        verdict = self._judge(wish.serial)
        if verdict.wants_serial and (typed := ask_serial(verdict)) is not None:
            self.wish = Wish(wish.image, wish.to, wish.identity, wish.site, typed)
            verdict = self._judge(typed)
        self.known = self._accept(verdict)
        reader.check_may_write(wish.to)
        assert verdict.node is not None
        ask_write(verdict.node)

    def _judge(self, serial: str | None) -> Verdict:
        layout = reader.look()
        return judge(layout, self.number, image_size=self.image_size, image_on=self.image_on, typed_serial=serial)

    def _accept(self, verdict: Verdict) -> Fingerprint:
        if verdict.node is None or not verdict.accepted:
            first, *others = verdict.reasons
            what = "; ".join([first.what, *(f"and {other.what}" for other in others)])
            raise Refused(what, where=str(self.wish.to), mend=first.mend)
        return reader.fingerprint(verdict.node)

    def make(self, deed: Callable[[Opened], Written]) -> Written:
        card = BlockCard(str(self.wish.to))
        try:
            now = self._accept(self._judge(self.wish.serial))
            if (card.dev, card.size) != (now.dev, now.size) or now != self.known:
                mend = "look at campbox flash --list and start again"
                raise Refused("another disk is there now than when you were asked", where=str(self.wish.to), mend=mend)
            return deed(card)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt("nothing starts from that card now; the same command goes on where it stopped") from error
        finally:
            card.close()


def _given(path: Path | None) -> Given | None:
    if path is None:
        return None
    try:
        return Given(str(path), path.read_bytes()[: personal.LARGEST + 1], path.stat().st_mtime)
    except OSError as error:
        raise BadInput(f"cannot read it: {error.strerror}", where=str(path), mend="name an existing file") from error
