"""E Verifying what the hub signed: The Update Framework's client over whatever carries the repository."""

from __future__ import annotations

import contextlib
import datetime
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import Metadata, TargetFile, Targets
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from appliance.errors import NotSo, Refused, Unreachable
from appliance.files import make_folder, write_atomically
from content_cache import delegated, targets
from content_cache.carrier import Carrier
from content_cache.layers import Signed
from content_cache.targets import Offer
from content_cache.trusted_time import seconds

log = logging.getLogger(__name__)
DEADLINE = 780.0
"""Seconds for one file, however slowly it drips: what came stays, and the next run goes on (a unit has 15 minutes)."""
TRIES, PAUSE = 3, 1.0
_BASE = "carried:/"
_NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Older(Refused):
    """The source is older than what this box has already seen."""


@dataclass(frozen=True)
class Trusted:
    """What is known of the newest metadata that was verified and stored: seconds since 1970, 0 where there is none."""

    expires: float = 0.0
    signed: float = 0.0


class _Through(FetcherInterface):
    """Hands the questions of TUF's client to a carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier, self.answered = carrier, False

    def _fetch(self, url: str) -> Iterator[bytes]:
        asking = self.carrier.get(url.removeprefix(_BASE), {})
        try:
            answer = asking.__enter__()
        except Unreachable as error:
            raise tuf_errors.DownloadError(error.what) from error
        self.answered = True
        if answer.status != 200:
            asking.__exit__(None, None, None)
            raise tuf_errors.DownloadHTTPError(f"HTTP {answer.status}", answer.status)
        return self._pieces(asking, answer.body)

    def _pieces(self, asking: contextlib.AbstractContextManager[object], body: Iterator[bytes]) -> Iterator[bytes]:
        started = time.monotonic()
        try:
            for piece in body:
                yield piece
                if time.monotonic() - started > DEADLINE:
                    raise tuf_errors.SlowRetrievalError("took too long")
        except Unreachable as error:
            raise tuf_errors.DownloadError(error.what) from error
        finally:
            asking.__exit__(None, None, None)


class _Keeping(Updater):
    """TUF's client, which keeps what it has verified as everything here is kept: after a power cut no older one is accepted."""

    def _persist_file(self, filename: str, data: bytes) -> None:
        write_atomically(Path(filename), data)


class Source:
    """One carrier of the signed repository. Trusted metadata is kept in ``folder``, whoever brought it: no older is accepted again.

    Whether metadata has expired is not judged here (see ``trusted`` and trusted_time): expired, it still proves who signed and in
    which order. What is newer than all that was seen is taken, with a banner; a box is not left with last year's catalogue for it.
    """

    def __init__(self, carrier: Carrier, root: bytes, folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        self.carrier, self.root, self._sleep = carrier, root, sleep
        self.metadata, self.files = folder / "metadata", folder / "targets"
        for path in (self.metadata, self.files):
            make_folder(path)
        self.through = _Through(carrier)
        self.updater = self._updater()

    @property
    def place(self) -> str:
        """Where it is: ``usb``, ``neighbour`` or ``hub``."""
        return self.carrier.place

    def _updater(self) -> Updater:
        config = UpdaterConfig(targets_max_length=1_000_000, snapshot_max_length=500_000, max_root_rotations=32)
        with _translated():
            updater = _Keeping(
                str(self.metadata), f"{_BASE}metadata/", str(self.files), f"{_BASE}targets/",
                fetcher=self.through, config=config, bootstrap=self.root,
            )  # fmt: skip
        updater._trusted_set.reference_time = _NEVER
        return updater

    def offer(self) -> Offer | None:
        """Fetch and verify the metadata. None when nothing has been published. Raises Unreachable, Older or Refused.

        A line that breaks is asked again: each role that arrived is kept, so the next attempt has less to fetch. Who has not
        answered at all is asked again by the next run.
        """
        for attempt in range(1, TRIES + 1):
            try:
                with _translated():
                    self.updater.refresh()
                    return self._read()
            except Unreachable:
                if attempt == TRIES or not (self.through.answered and self.carrier.metered):
                    raise
            self._sleep(PAUSE * attempt)
            self.updater = self._updater()
        raise AssertionError("unreachable")

    def _read(self) -> Offer | None:
        named = _trusted_targets(self.metadata).targets
        return targets.offer((name, t.length, t.hashes.get("sha256", ""), _custom(t)) for name, t in named.items())

    def layers(self) -> list[Signed]:
        """What organisations signed of their own services: verified metadata, the files are not fetched.

        Raises Unreachable or Refused.
        """
        with _translated():
            return delegated.signed(self.updater, _trusted_targets(self.metadata))

    def small(self, name: str, limit: int) -> bytes | None:
        """A small target of this name, verified; None when there is none. Raises Unreachable or Refused."""
        with _translated():
            target = self.updater.get_targetinfo(name)
            if target is None:
                return None
            if target.length > limit:
                raise Refused(f"{name} of {target.length} bytes is too large", mend="look who changed the repository")
            path = self.updater.find_cached_target(target) or self.updater.download_target(target)
        return Path(path).read_bytes()


def trusted(folder: Path) -> Trusted:
    """Until when the stored metadata is good, and the newest date that was signed. What cannot be read says nothing."""
    expires, signed = list[float](), 0.0
    for role in ("root", "timestamp", "snapshot", "targets"):
        try:
            metadata: Metadata[Any] = Metadata.from_bytes((folder / "metadata" / f"{role}.json").read_bytes())
        except (OSError, tuf_errors.RepositoryError):
            continue
        expires.append(metadata.signed.expires.timestamp())
        if role == "targets":
            signed = max([seconds(str(_custom(t).get("date", ""))) for t in metadata.signed.targets.values()], default=0.0)
    return Trusted(min(expires, default=0.0), signed)


def _custom(target: TargetFile) -> dict[str, Any]:
    """What stands beside a file in the metadata: any JSON, of which only an object says something."""
    return target.custom if isinstance(target.custom, dict) else {}


def _trusted_targets(metadata: Path) -> Targets:
    """What ``refresh`` has just verified and stored."""
    return Metadata[Targets].from_bytes((metadata / "targets.json").read_bytes()).signed


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """TUF's errors in this project's words: what cannot be had is Unreachable, what is wrong Refused, a full disk NotSo."""
    try:
        yield
    except tuf_errors.BadVersionNumberError as error:
        raise Older("older than what this box has already seen (rollback)", mend="look whether the hub was restored") from error
    except tuf_errors.UnsignedMetadataError as error:
        raise Refused("a signature is wrong", mend="look who changed the repository") from error
    except (tuf_errors.LengthOrHashMismatchError, tuf_errors.DownloadLengthMismatchError) as error:
        raise Refused("a length or hash is not the signed one", mend="look who changed the repository") from error
    except tuf_errors.RepositoryError as error:
        raise Refused(f"bad metadata: {type(error).__name__}", mend="look who changed the repository") from error
    except tuf_errors.DownloadError as error:
        what = str(error)
        raise Unreachable(what if "hub" in what else f"the hub does not answer: {what}", mend="it is tried again") from error
    except OSError as error:
        raise NotSo(f"cannot store what was verified: {error.strerror}", mend="make room") from error
