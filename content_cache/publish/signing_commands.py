"""W ``campbox catalogue usb``, ``keys`` and ``organisation``: what has to do with carrying and signing the repository."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.progress import Progress
from securesystemslib.signer import CryptoSigner

from appliance.errors import BadInput, NotSo
from appliance.files import write_atomically
from content_cache import snapshot
from content_cache.publish import delegation, keys, publisher, rotation, stick
from content_cache.publish.command_options import as_json, hub_root, layout_of

drawer = click.option(
    "--drawer", "drawers", multiple=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the root keys that do not lie at the hub.",
)  # fmt: skip
folder = click.Path(path_type=Path, file_okay=False)
file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog="Example: campbox catalogue usb /media/stick")
@click.argument("target", metavar="FOLDER", type=folder)
@hub_root
@as_json
def usb(target: Path, hub_root: Path | None, as_json: bool) -> None:
    """Write the signed catalogue to a USB stick, mounted at FOLDER (FAT32 or exFAT)."""
    with publisher.opened(layout_of(hub_root)) as repository, Progress(disable=not sys.stdout.isatty() or as_json) as bar:
        task = bar.add_task("writing")
        made = stick.write(repository, target, lambda done, total: bar.update(task, completed=done, total=total))
        current = repository.current()
    serial = current.serial if current else 0
    if as_json:
        click.echo(json.dumps({"serial": serial, "files": made.files, "bytes": made.octets}))
    else:
        click.echo(f"{target}: catalogue {serial} in {made.files} files, {made.octets} bytes; unmount the stick before you pull it")


@click.group(epilog="Example: campbox catalogue keys show")
def key_group() -> None:
    """The keys that sign: show them, put root keys into a drawer, replace one."""


@key_group.command(epilog="Example: campbox catalogue keys show --json")
@hub_root
@as_json
def show(hub_root: Path | None, as_json: bool) -> None:
    """Every key, by its role, and whether it lies at the hub."""
    with publisher.opened(layout_of(hub_root)) as repository:
        rows = rotation.whereabouts(repository)
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['role']:10} {str(row['key'])[:8]}  {'at the hub' if row['here'] else 'elsewhere'}")


@key_group.command(epilog="Example: campbox catalogue keys offline /media/stick/root-keys")
@click.argument("away", metavar="FOLDER", type=folder)
@hub_root
def offline(away: Path, hub_root: Path | None) -> None:
    """Move two of the three root keys to FOLDER: whoever breaks into the hub cannot make himself its master."""
    with publisher.opened(layout_of(hub_root)) as repository:
        moved = rotation.take_offline(repository, away)
    if not moved:
        raise NotSo("no root key is left here that could go", mend="campbox catalogue keys show")
    click.echo(f"{away}: root keys {' '.join(moved)}; lock it away, and keep a copy elsewhere")


@key_group.command(epilog="Example: campbox catalogue keys rotate targets --drawer /media/stick/root-keys")
@click.argument("role", type=click.Choice(list(keys.ROLES)))
@click.option("--lost", default="", help="For root: the beginning of the id of the key that is lost or leaked.")
@drawer
@hub_root
def rotate(role: str, lost: str, drawers: tuple[Path, ...], hub_root: Path | None) -> None:
    """Put a new key in the place of a role's key; two root keys must be at hand."""
    with publisher.opened(layout_of(hub_root), drawers) as repository:
        made = rotation.rotate(repository, role, lost=lost)
    click.echo(f"{role}: new key {made[:8]}; boxes learn of it when they look next")


@key_group.command(epilog="Example: campbox catalogue keys renew --drawer /media/stick/root-keys")
@drawer
@hub_root
def renew(drawers: tuple[Path, ...], hub_root: Path | None) -> None:
    """Sign the root anew for two more years."""
    with publisher.opened(layout_of(hub_root), drawers) as repository:
        click.echo(f"root version {rotation.renew_root(repository)}")


@click.group(epilog="Example: campbox catalogue organisation key ours")
def organisation() -> None:
    """Let an organisation sign for its own services."""


@organisation.command("key", epilog="Example: campbox catalogue organisation key ours")
@click.argument("home", metavar="FOLDER", type=folder)
def make_key(home: Path) -> None:
    """At the organisation: make a key. private.pem stays there, public.pem goes to the hub."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (home / "private.pem").exists():
        raise BadInput("there is a key already", where=str(home), mend="name another folder")
    signer = CryptoSigner.generate_ed25519()
    keys.save(home / "private.pem", signer)
    public = keys.public(signer)
    write_atomically(home / "public.pem", public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    click.echo(f"{home / 'public.pem'}: bring this file to the hub; private.pem never leaves you")


@organisation.command(epilog="Example: campbox catalogue organisation allow 6b1a7f0e-52d5-5d0e-9a53-0c5f0a1c6d11 public.pem")
@click.argument("id")
@click.argument("public", type=file)
@hub_root
def allow(id: str, public: Path, hub_root: Path | None) -> None:
    """At the hub: let the organisation of this id sign for its services."""
    with publisher.opened(layout_of(hub_root)) as repository:
        delegation.allow(repository, id, delegation.read_public(public))
    click.echo(f"{id}: may sign for its own services")


@organisation.command(epilog="Example: campbox catalogue organisation withdraw 6b1a7f0e-52d5-5d0e-9a53-0c5f0a1c6d11")
@click.argument("id")
@hub_root
def withdraw(id: str, hub_root: Path | None) -> None:
    """At the hub: take that back."""
    with publisher.opened(layout_of(hub_root)) as repository:
        delegation.withdraw(repository, id)
    click.echo(f"{id}: signs nothing any more")


@organisation.command(epilog="Example: campbox catalogue organisation sign ID services.jsonl --key ours/private.pem --to handover")
@click.argument("id")
@click.argument("services", type=file)
@click.option("--key", "key", type=file, required=True, help="The organisation's private key.")
@click.option("--to", "out", type=folder, required=True, help="Folder for the two files that go to the hub.")
def sign(id: str, services: Path, key: Path, out: Path) -> None:
    """At the organisation: sign its services, JSON lines as `campbox catalogue export` writes them."""
    content = services.read_bytes()
    signed = delegation.sign(id, content, keys.load(key), publisher.now())
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / delegation.CONTENT, content)
    write_atomically(out / delegation.METADATA, signed)
    click.echo(f"{out}: bring this folder to the hub")


@organisation.command(epilog="Example: campbox catalogue organisation accept ID handover")
@click.argument("id")
@click.argument("handed", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False))
@hub_root
def accept(id: str, handed: Path, hub_root: Path | None) -> None:
    """At the hub: check what an organisation signed, and publish it."""
    layout = layout_of(hub_root)
    catalogue = snapshot.read(publisher.read_current(layout))
    try:
        signed, content = (handed / delegation.METADATA).read_bytes(), (handed / delegation.CONTENT).read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read it: {error.strerror}", where=str(handed), mend="ask for the whole folder") from error
    with publisher.opened(layout) as repository:
        version = delegation.accept(repository, id, signed, content, catalogue)
    click.echo(f"{id}: version {version} is published")
