"""E The signed repository (The Update Framework 1.0, python-tuf): static files that any web server or stick can carry."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer
from tuf.repository import Repository

from appliance import files
from appliance.errors import NotSo
from appliance.files import make_folder, write_atomically
from content_cache.publish import keys
from content_cache.publish.edition import KINDS, NewFile

log = logging.getLogger(__name__)
LIFE = {"root": 730, "targets": 365, "snapshot": 90, "timestamp": 30}
"""Days until each kind of metadata expires. A box may be away for weeks; a hub signs anew when half the time is gone."""
PATIENCE = 20.0
"""Seconds that a publisher waits for another one: an edition of 5,000 services is signed in a quarter of that."""
KEPT_VERSIONS = 10
KEPT_FILES = 16
"""Files that are named no more but stay for boxes that are fetching them."""
_KINDS: dict[str, type[Root | Targets | Snapshot | Timestamp]] = {
    "root": Root, "targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp,
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """The published catalogue: its name, serial (ever rising), and what was said of it."""

    name: str
    serial: int
    custom: dict[str, Any]


class SignedRepository(Repository):
    """``folder/metadata`` and ``folder/targets``; keys in ``key_folder`` and further ``drawers``; ``now`` in UTC."""

    def __init__(self, folder: Path, key_folder: Path, now: datetime.datetime, drawers: Sequence[Path] = ()) -> None:
        self.metadata, self.target_folder, self.key_folder = folder / "metadata", folder / "targets", key_folder
        self.now, self.drawers = now.replace(microsecond=0), drawers

    def open(self, role: str) -> Metadata[Any]:
        """The newest metadata of a role; an empty one of version 0 when there is none yet."""
        newest = self.newest(role)
        if newest is None:
            first = _KINDS[role]()
            first.version = 0
            return Metadata(first)
        return Metadata.from_file(str(newest))

    def close(self, role: str, md: Metadata[Any]) -> None:
        """Raise the version, set the expiry, sign and write. Raises NotSo when keys are missing."""
        before = self.open("root").signed if role == "root" else None
        md.signed.version += 1
        md.signed.expires = self.now + datetime.timedelta(days=LIFE[role])
        md.signatures.clear()
        # TUF specification 1.0, section 6.1: a new root is signed by the keys of the old one and by its own.
        judges: list[Root] = [md.signed] if role == "root" else [self.root()]
        judges += [before] if isinstance(before, Root) and before.version else []
        signers = keys.found([self.key_folder, *self.drawers])
        for keyid in dict.fromkeys(keyid for judge in judges for keyid in judge.roles[role].keyids):
            if keyid in signers:
                md.sign(signers[keyid], append=True)
        self._judge(role, md, judges)
        self.write(role, md)

    def _judge(self, role: str, md: Metadata[Any], judges: Sequence[Root]) -> None:
        for judge in judges:
            result = judge.get_verification_result(role, md.signed_bytes, md.signatures)
            if not result:
                what = f"signing keys are missing: {result.threshold} of {role} must sign, {len(result.signed)} can"
                how = "name the folder of those in the drawer (--drawer), or restore them from the backup"
                raise NotSo(what, where=str(self.key_folder), mend=how)

    def write(self, role: str, md: Metadata[Any]) -> None:
        """Put signed metadata where clients look for it."""
        content = md.to_bytes(JSONSerializer(compact=True))
        if role != "timestamp":
            write_atomically(self.metadata / f"{md.signed.version}.{role}.json", content)
        if role in ("timestamp", "root"):
            write_atomically(self.metadata / f"{role}.json", content)

    @property
    def delegated(self) -> list[str]:
        """Names of the roles that organisations sign for themselves."""
        delegations = self.targets().delegations
        return sorted(delegations.roles or ()) if delegations else []

    @property
    def targets_infos(self) -> dict[str, MetaFile]:
        """The newest targets metadata of all roles, for the snapshot."""
        roles = ["targets", *(role for role in self.delegated if self.newest(role))]
        return {f"{role}.json": MetaFile(self.open(role).signed.version) for role in roles}

    @property
    def snapshot_info(self) -> MetaFile:
        """The newest snapshot metadata, for the timestamp."""
        return MetaFile(self.open("snapshot").signed.version)

    def newest(self, role: str) -> Path | None:
        """The file of a role's newest metadata, or None."""
        if role == "timestamp":
            path = self.metadata / "timestamp.json"
            return path if path.exists() else None
        return max(self._versions(role), default=(0, None))[1]

    def _versions(self, role: str) -> list[tuple[int, Path]]:
        found = ((path.name.split(".")[0], path) for path in self.metadata.glob(f"*.{role}.json"))
        return sorted((int(number), path) for number, path in found if number.isdecimal())

    def begin(self) -> None:
        """Make an empty, signed repository where there is none; sign anew what has lost half its life."""
        for folder in (self.metadata, self.target_folder):
            make_folder(folder)
        if self.newest("root") is None:
            first = keys.first(self.key_folder)
            with self.edit_root() as root:
                root.consistent_snapshot = True
                for role, signers in first.items():
                    root.roles[role].threshold = keys.THRESHOLD[role]
                    for signer in signers:
                        root.add_key(signer.public_key, role)
        self._look_for_keys()
        if self.newest("targets") is None:
            with self.edit_targets():
                pass
        self.renew()

    def _look_for_keys(self) -> None:
        there, root = keys.found([self.key_folder]), self.root()
        missing = [r for r in ("targets", "snapshot", "timestamp") if not set(root.roles[r].keyids) & set(there)]
        if missing:
            raise NotSo(
                f"signing keys are missing: {', '.join(missing)}", where=str(self.key_folder), mend="restore them from the backup"
            )

    def renew(self) -> bool:
        """Sign anew what has lost half its life. Returns whether anything changed. The root waits for the keys in the drawer."""
        tired = [role for role in LIFE if self.newest(role) is not None and self.half_gone(role)]
        if "root" in tired and not self.can_sign_root():
            tired.remove("root")
            log.warning("the root lasts until %s: campbox catalogue keys renew --drawer FOLDER", self.root().expires.date())
        for role in ("root", "targets"):
            if role in tired:
                with self.edit(role):
                    pass
        changed, _ = self.do_snapshot(force="snapshot" in tired)
        stamped, _ = self.do_timestamp(force="timestamp" in tired)
        return bool(tired) or changed or stamped

    def can_sign_root(self) -> bool:
        """Whether enough root keys are at hand."""
        role = self.root().roles["root"]
        return len(set(role.keyids) & set(keys.found([self.key_folder, *self.drawers]))) >= role.threshold

    def half_gone(self, role: str) -> bool:
        """Whether a role has lost half its life, or has more left than it can have: it was signed while the clock ran ahead."""
        expires: datetime.datetime = self.open(role).signed.expires
        whole = datetime.timedelta(days=LIFE[role])
        return not whole / 2 <= expires - self.now <= whole + datetime.timedelta(days=1)

    def current(self) -> Published | None:
        """The newest catalogue target."""
        targets = self.targets().targets
        found = [Published(n, t.custom["serial"], t.custom) for n, t in targets.items() if t.custom and "serial" in t.custom]
        return max(found, key=lambda one: one.serial, default=None)

    def publish(self, files: Sequence[NewFile]) -> Published:
        """Put the files of an edition in the place of those before, signed; every other target stays."""
        made = {file.name: self._write(file.name, file.content, dict(file.custom)) for file in files}
        with self.edit_targets() as targets:
            for old in [n for n, t in targets.targets.items() if (t.custom or {}).get("kind") in KINDS]:
                del targets.targets[old]
            targets.targets.update(made)
        self.close_edit()
        current = self.current()
        assert current is not None
        return current

    def put(self, name: str, content: bytes, custom: dict[str, Any]) -> None:
        """Add or replace one small target beside the catalogue, signed; every other target stays."""
        target = self._write(name, content, custom)
        with self.edit_targets() as targets:
            targets.targets[name] = target
        self.close_edit()

    def _write(self, name: str, content: bytes, custom: dict[str, Any]) -> TargetFile:
        target = TargetFile.from_data(name, content, ["sha256"])
        target.unrecognized_fields["custom"] = custom
        write_atomically(self.file(name, target), content)
        return target

    def file(self, name: str, target: TargetFile) -> Path:
        """Where a target's file stands. TUF specification 1.0, section 6.2: with consistent snapshots it is <hash>.<name>."""
        folder, _, last = name.rpartition("/")
        return self.target_folder / folder / f"{target.hashes['sha256']}.{last}"

    def close_edit(self) -> None:
        """Sign what changed and forget what nobody needs."""
        self.do_snapshot()
        self.do_timestamp()
        self._forget_old()

    def read_current(self) -> bytes:
        """The content of the current catalogue, verified. Raises NotSo when there is none, or it is not what was signed."""
        current = self.current()
        if current is None:
            raise NotSo("no catalogue has been published", mend="campbox catalogue import")
        metadata = self.open("targets")
        target = metadata.signed.targets[current.name]
        try:
            self.root().verify_delegate("targets", metadata.signed_bytes, metadata.signatures)
            content = self.file(current.name, target).read_bytes()
            target.verify_length_and_hashes(content)
        except (OSError, RepositoryError) as error:
            raise NotSo(
                "the published catalogue is not the signed one", where=str(self.target_folder), mend="import it again"
            ) from error
        return content

    def look_through(self) -> int:
        """Verify every signature, and every file by its signed length and hash. Returns how many files. Raises NotSo naming one."""
        count = 0
        for role in ("timestamp", "snapshot", "targets", *(role for role in self.delegated if self.newest(role))):
            metadata, judge = self.open(role), self.targets() if role in self.delegated else self.root()
            where = role
            try:
                judge.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
                for name, target in getattr(metadata.signed, "targets", {}).items():
                    where = name
                    target.verify_length_and_hashes(self.file(name, target).read_bytes())
                    count += 1
            except (OSError, RepositoryError) as error:
                raise NotSo("not what was signed", where=where, mend="restore the repository, or import again") from error
        return count

    def _forget_old(self) -> None:
        for role in ("targets", "snapshot", *self.delegated):
            for _, path in self._versions(role)[:-KEPT_VERSIONS]:
                path.unlink(missing_ok=True)
        roles = ["targets", *(role for role in self.delegated if self.newest(role))]
        named = {self.file(name, target) for role in roles for name, target in self.open(role).signed.targets.items()}
        files = [path for path in self.target_folder.rglob("*") if path.is_file() and path not in named]
        for path in sorted(files, key=lambda path: path.stat().st_mtime)[:-KEPT_FILES]:
            path.unlink(missing_ok=True)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """One publisher at a time. Raises NotSo when another one takes longer than ``PATIENCE`` seconds."""
    with files.lock(path, PATIENCE):
        yield
