"""E The signed repository (The Update Framework 1.0, python-tuf): static files that any web server can carry."""

from __future__ import annotations

import datetime
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer
from tuf.repository import Repository

from appliance.errors import NotSo
from appliance.files import write_atomically
from content_cache.publish import keys

LIFE = {"root": 730, "targets": 365, "snapshot": 90, "timestamp": 30}
"""Days until each kind of metadata expires. A box may be away for weeks; a hub signs anew when half the time is gone."""
KEPT_VERSIONS = 10
_KINDS: dict[str, type[Root | Targets | Snapshot | Timestamp]] = {
    "root": Root, "targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp,
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """One published target: its name, serial (ever rising), and what was said of it."""

    name: str
    serial: int
    custom: dict[str, Any]


class SignedRepository(Repository):
    """``folder/metadata`` and ``folder/targets``; keys in ``key_folder``; ``now`` in UTC."""

    def __init__(self, folder: Path, key_folder: Path, now: datetime.datetime) -> None:
        self.metadata, self.target_folder, self.key_folder = folder / "metadata", folder / "targets", key_folder
        self.now = now.replace(microsecond=0)

    def open(self, role: str) -> Metadata[Any]:
        """The newest metadata of a role; an empty one of version 0 when there is none yet."""
        newest = self._newest(role)
        if newest is None:
            first = _KINDS[role]()
            first.version = 0
            return Metadata(first)
        return Metadata.from_file(str(newest))

    def close(self, role: str, md: Metadata[Any]) -> None:
        """Raise the version, set the expiry, sign and write."""
        md.signed.version += 1
        md.signed.expires = self.now + datetime.timedelta(days=LIFE[role])
        md.signatures.clear()
        for signer in keys.signers(self.key_folder, role):
            md.sign(signer, append=True)
        content = md.to_bytes(JSONSerializer(compact=True))
        if role != "timestamp":
            write_atomically(self.metadata / f"{md.signed.version}.{role}.json", content)
        if role in ("timestamp", "root"):
            write_atomically(self.metadata / f"{role}.json", content)

    @property
    def targets_infos(self) -> dict[str, MetaFile]:
        """The newest targets metadata, for the snapshot."""
        return {"targets.json": MetaFile(self.open("targets").signed.version)}

    @property
    def snapshot_info(self) -> MetaFile:
        """The newest snapshot metadata, for the timestamp."""
        return MetaFile(self.open("snapshot").signed.version)

    def _newest(self, role: str) -> Path | None:
        if role == "timestamp":
            path = self.metadata / "timestamp.json"
            return path if path.exists() else None
        found = [(int(p.name.split(".")[0]), p) for p in self.metadata.glob(f"*.{role}.json") if p.name.split(".")[0].isdigit()]
        return max(found)[1] if found else None

    def begin(self) -> None:
        """Make an empty, signed repository where there is none; sign anew what has lost half its life."""
        for folder in (self.metadata, self.target_folder):
            folder.mkdir(parents=True, exist_ok=True)
        if self._newest("root") is None:
            with self.edit_root() as root:
                root.consistent_snapshot = True
                for role in keys.ROLES:
                    root.roles[role].threshold = keys.THRESHOLD[role]
                    for signer in keys.signers(self.key_folder, role):
                        root.add_key(signer.public_key, role)
        if self._newest("targets") is None:
            with self.edit_targets():
                pass
        self.renew()

    def renew(self) -> bool:
        """Sign anew what has lost half its life. Returns whether anything changed."""
        tired = [role for role in LIFE if self._newest(role) is not None and self._half_gone(role)]
        for role in ("root", "targets"):
            if role in tired:
                with self.edit(role):
                    pass
        changed, _ = self.do_snapshot(force="snapshot" in tired)
        stamped, _ = self.do_timestamp(force="timestamp" in tired)
        return bool(tired) or changed or stamped

    def _half_gone(self, role: str) -> bool:
        expires: datetime.datetime = self.open(role).signed.expires
        return expires - self.now < datetime.timedelta(days=LIFE[role]) / 2

    def current(self) -> Published | None:
        """The newest catalogue target."""
        targets = self.targets().targets
        found = [Published(n, t.custom["serial"], t.custom) for n, t in targets.items() if t.custom and "serial" in t.custom]
        return max(found, key=lambda one: one.serial, default=None)

    def publish(self, name: str, content: bytes, custom: dict[str, Any]) -> Published:
        """Add ``content`` as the one current catalogue, signed; files no longer named stay for boxes that are fetching them."""
        before = self.current()
        serial = (before.serial if before else 0) + 1
        target = self._write(name, content, {**custom, "serial": serial})
        with self.edit_targets() as targets:
            for old in [n for n, t in targets.targets.items() if "serial" in (t.custom or {})]:
                del targets.targets[old]
            targets.targets[name] = target
        self._close_edit()
        return Published(name, serial, target.custom or {})

    def put(self, name: str, content: bytes, custom: dict[str, Any]) -> None:
        """Add or replace one small target beside the catalogue, signed; every other target stays."""
        target = self._write(name, content, custom)
        with self.edit_targets() as targets:
            targets.targets[name] = target
        self._close_edit()

    def _write(self, name: str, content: bytes, custom: dict[str, Any]) -> TargetFile:
        target = TargetFile.from_data(name, content, ["sha256"])
        target.unrecognized_fields["custom"] = custom
        # TUF specification 1.0, section 6.2: with consistent snapshots a target's file is named <hash>.<name>.
        write_atomically(self.target_folder / f"{target.hashes['sha256']}.{name}", content)
        return target

    def _close_edit(self) -> None:
        self.do_snapshot()
        self.do_timestamp()
        self._forget_old()

    def read_current(self) -> bytes:
        """The content of the current target, verified. Raises NotSo when there is none, or it is not what was signed."""
        current = self.current()
        if current is None:
            raise NotSo("no catalogue has been published", mend="campbox catalogue import")
        metadata = self.open("targets")
        target = metadata.signed.targets[current.name]
        try:
            self.root().verify_delegate("targets", metadata.signed_bytes, metadata.signatures)
            content = (self.target_folder / f"{target.hashes['sha256']}.{current.name}").read_bytes()
            target.verify_length_and_hashes(content)
        except (OSError, RepositoryError) as error:
            raise NotSo(
                "the published catalogue is not the signed one", where=str(self.target_folder), mend="import it again"
            ) from error
        return content

    def _forget_old(self) -> None:
        for role in ("targets", "snapshot"):
            versions = sorted(int(p.name.split(".")[0]) for p in self.metadata.glob(f"*.{role}.json"))
            for version in versions[:-KEPT_VERSIONS]:
                (self.metadata / f"{version}.{role}.json").unlink(missing_ok=True)
        named = {f"{target.hashes['sha256']}.{name}" for name, target in self.targets().targets.items()}
        files = sorted((p for p in self.target_folder.iterdir() if p.name not in named), key=lambda p: p.stat().st_mtime)
        for path in files[: len(named) - KEPT_VERSIONS]:
            path.unlink(missing_ok=True)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """One publisher at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
