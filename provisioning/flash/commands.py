"""W ``campbox flash``: an image onto a card, and the card one box's."""

from __future__ import annotations

import json
import re
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import click

from appliance.errors import BadInput, Refused
from provisioning.flash import reader
from provisioning.flash.disks import Node
from provisioning.flash.job import Wish, make_card
from provisioning.flash.plan import size_words
from provisioning.flash.progress import showing
from provisioning.flash.verdict import OTHER, Verdict, judge

_PATH = click.Path(path_type=Path)
_SIZES = {"": 1, "M": 10**6, "MB": 10**6, "G": 10**9, "GB": 10**9, "MIB": 2**20, "GIB": 2**30}


def read_size(text: str) -> int:
    """``8GB``, ``7800MB``, ``2GiB`` or bytes. Raises BadInput."""
    found = re.match(r"([0-9]{1,15}) ?([A-Za-z]{0,3})\Z", text.strip())
    if found is None or found[2].upper() not in _SIZES:
        raise BadInput(f"{text[:40]!r} is not a size", where="--size", mend="write it as 8GB, 7800MB or in bytes")
    return int(found[1]) * _SIZES[found[2].upper()]


@click.command(epilog="Example: campbox flash camp-north.img --to /dev/sdb --identity identity.json")
@click.argument("image", type=_PATH, required=False)
@click.option("--to", type=_PATH, help="The card (a whole device, as root) or, for a rehearsal, a file.")
@click.option("--identity", type=_PATH, help="The identity file from campbox enrol ticket.")
@click.option("--site", type=_PATH, help="A site file in place of the image's.")
@click.option("--list", "list_", is_flag=True, help="Show which devices may be written, and why the others may not.")
@click.option("--serial", help="The device's serial, typed off --list: says that you mean a large or built-in disk.")
@click.option("--size", help="With --to FILE: its size, as 8GB; else the image's, rounded up to 2 GB.")
@click.option("--yes", is_flag=True, help="Do not ask before overwriting a device.")
@click.option("--json", "as_json", is_flag=True, help="The facts as JSON.")
def flash(
    image: Path | None, to: Path | None, identity: Path | None, site: Path | None, list_: bool,
    serial: str | None, size: str | None, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write IMAGE to a card, read everything back, and make it one box's.

    IMAGE is what campbox image build made, plain or compressed (.zst).
    """
    if list_:
        _list(as_json)
        return
    if image is None or to is None:
        raise BadInput("IMAGE or --to is missing", mend="campbox flash --list shows the devices, --help an example")
    wish = Wish(image, to, identity, site, serial, None if size is None else read_size(size))
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        with showing() as tell:
            done = make_card(wish, version("campbox"), _ask_serial, lambda node: _ask_write(node, yes=yes), tell)
    except KeyboardInterrupt as error:
        click.echo(f"campbox: stopped; {str(error) or 'nothing was written'}", err=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    click.echo(json.dumps(done.facts()) if as_json else done.line())


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _list(as_json: bool) -> None:
    layout = reader.look()
    # What stands on a disk is named in that disk's reasons.
    verdicts = [judge(layout, name) for name, node in sorted(layout.nodes.items()) if not node.parents]
    if as_json:
        click.echo(json.dumps({"devices": [_facts(verdict) for verdict in verdicts]}))
        return
    others = [v for v in verdicts if not v.accepted and not v.wants_serial]
    for heading, some in (
        ("may be written:", [v for v in verdicts if v.accepted]),
        ("only if you type the serial:", [v for v in verdicts if v.wants_serial]),
        ("refused:", [v for v in others if not _is_virtual(v)]),
    ):
        if some:
            click.echo(heading)
        for verdict in some:
            click.echo("  " + _words(verdict.node))
            for reason in verdict.reasons:
                click.echo("      " + (reason.what if reason.mend == OTHER else str(reason)))
    if virtual := [v.target for v in others if _is_virtual(v)]:
        click.echo(f"no disks at all: {' '.join(virtual)}")
    if not any(v.accepted or v.wants_serial for v in verdicts):
        click.echo("no card found: put one in")


def _is_virtual(verdict: Verdict) -> bool:
    return any(reason.code == "kind" for reason in verdict.reasons) and verdict.node is not None and verdict.node.type != "rom"


def _facts(verdict: Verdict) -> dict[str, Any]:
    node = verdict.node
    assert node is not None
    return {
        "device": node.path, "model": node.model, "size": node.size, "serial": node.serial, "transport": node.transport,
        "accepted": verdict.accepted, "wants_serial": verdict.wants_serial,
        "reasons": [{"code": r.code, "what": r.what, "mend": r.mend} for r in verdict.reasons],
    }  # fmt: skip


def _words(node: Node | None) -> str:
    assert node is not None
    size = "size unknown" if node.size is None else size_words(node.size)
    serial = f"serial {node.serial}" if node.serial else "no serial"
    return f"{node.path:14} {size:>12}  {node.transport or '-':6} {node.model or 'no model name'}, {serial}"


def _ask_serial(verdict: Verdict) -> str | None:
    if not _terminal():
        return None
    click.echo(_words(verdict.node), err=True)
    click.echo("; ".join(reason.what for reason in verdict.reasons), err=True)
    typed: str = click.prompt("Type its serial to go on", default="", show_default=False, err=True)
    return typed or None


def _ask_write(node: Node, *, yes: bool) -> None:
    if yes:
        return
    if not _terminal():
        raise Refused("nobody was there to ask whether all on it may be lost", where=node.path, mend="add --yes if you mean it")
    click.echo(_words(node), err=True)
    if not click.confirm("Everything on it will be lost. Write?", err=True):
        raise Refused("left as it was", where=node.path)


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
