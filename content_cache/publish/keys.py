"""E The hub's signing keys: ed25519, one file each, readable by the hub alone. Which key signs what, the root metadata says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from appliance.errors import BadInput, NotSo
from appliance.files import make_folder, write_atomically

ROLES: Mapping[str, tuple[str, ...]] = {
    "root": ("root-1", "root-2", "root-3"),
    "targets": ("targets",),
    "snapshot": ("snapshot",),
    "timestamp": ("timestamp",),
}
"""TUF role -> the names of its first keys. Two of the three root keys must sign; two of them belong into a drawer."""
THRESHOLD: Mapping[str, int] = {"root": 2, "targets": 1, "snapshot": 1, "timestamp": 1}
Signers = dict[str, CryptoSigner]
"""Key id -> signer."""


def ensure(folder: Path, *, begun: bool = False) -> None:
    """Make the first set of keys, or what is missing of it, until it has ``begun`` to sign: a start may have been cut short."""
    make_folder(folder, 0o700)
    for name in (name for keys in ROLES.values() for name in keys):
        if not begun and not (folder / f"{name}.pem").exists():
            save(folder / f"{name}.pem", CryptoSigner.generate_ed25519())


def save(path: Path, signer: CryptoSigner) -> None:
    """Keep a key in ``path``. Raises NotSo."""
    write_atomically(path, signer.private_bytes, mode=0o600)


def first(folder: Path) -> Mapping[str, list[CryptoSigner]]:
    """Role -> signers, by the names of the first set. Raises NotSo naming those that are missing."""
    names = [name for keys in ROLES.values() for name in keys]
    missing = [name for name in names if not (folder / f"{name}.pem").exists()]
    if missing:
        raise NotSo(f"signing keys are missing: {', '.join(missing)}", where=str(folder), mend="restore them from the backup")
    return {role: [load(folder / f"{name}.pem") for name in keys] for role, keys in ROLES.items()}


def found(folders: Iterable[Path]) -> Signers:
    """Every key in these folders. Raises NotSo when one cannot be read."""
    signers = (load(path) for folder in folders for path in sorted(folder.glob("*.pem")))
    return {signer.public_key.keyid: signer for signer in signers}


def load(path: Path) -> CryptoSigner:
    """One key. Raises NotSo when it cannot be read."""
    try:
        return CryptoSigner(load_pem_private_key(path.read_bytes(), None))
    except (OSError, ValueError) as error:
        raise NotSo("cannot read a signing key", where=str(path), mend="restore it from the backup") from error


def move(folder: Path, away: Path, keyids: Collection[str]) -> None:
    """Move keys into ``away``, a folder that is then taken out of the hub; each is read back there before it goes here."""
    if away.resolve().is_relative_to(folder.resolve()):
        raise BadInput("the folder lies within the hub's own", where=str(away), mend="name a folder on a stick")
    away.mkdir(parents=True, exist_ok=True, mode=0o700)
    chosen = [path for path in sorted(folder.glob("*.pem")) if load(path).public_key.keyid in keyids]
    for path in chosen:
        write_atomically(away / path.name, path.read_bytes(), mode=0o600)
        load(away / path.name)
    for path in chosen:
        path.unlink()


def public(signer: CryptoSigner) -> Ed25519PublicKey:
    """The public half."""
    key = load_pem_private_key(signer.private_bytes, None).public_key()
    assert isinstance(key, Ed25519PublicKey)
    return key


def forget(folder: Path, keep: Collection[str]) -> None:
    """Remove the files of keys that sign nothing any more. ``keep`` are key ids."""
    for path in folder.glob("*.pem"):
        if load(path).public_key.keyid not in keep:
            path.unlink()
