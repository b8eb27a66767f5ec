"""E The hub's signing keys: ed25519, one file each, readable by the hub alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from appliance.errors import NotSo
from appliance.files import write_atomically

ROLES: Mapping[str, tuple[str, ...]] = {
    "root": ("root-1", "root-2", "root-3"),
    "targets": ("targets",),
    "snapshot": ("snapshot",),
    "timestamp": ("timestamp",),
}
"""TUF role -> the names of its keys. Two of the three root keys must sign."""
THRESHOLD: Mapping[str, int] = {"root": 2, "targets": 1, "snapshot": 1, "timestamp": 1}


def ensure(folder: Path) -> None:
    """Make every key that is missing. Refuses to replace some of a set that is there in part: that would be a new hub."""
    names = [name for keys in ROLES.values() for name in keys]
    there = [name for name in names if _file(folder, name).exists()]
    if there and len(there) != len(names):
        missing = ", ".join(sorted(set(names) - set(there)))
        raise NotSo(f"signing keys are missing: {missing}", where=str(folder), mend="restore them from the backup")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if not there:
        for name in names:
            write_atomically(_file(folder, name), CryptoSigner.generate_ed25519().private_bytes, mode=0o600)


def signers(folder: Path, role: str) -> list[CryptoSigner]:
    """The signers of a role. Raises NotSo when a key cannot be read."""
    return [_signer(_file(folder, name)) for name in ROLES[role]]


def _signer(path: Path) -> CryptoSigner:
    try:
        return CryptoSigner(load_pem_private_key(path.read_bytes(), None))
    except (OSError, ValueError) as error:
        raise NotSo("cannot read a signing key", where=str(path), mend="restore it from the backup") from error


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.pem"
