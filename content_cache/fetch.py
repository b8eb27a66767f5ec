"""E Fetching and verifying what the hub signed: The Update Framework's client over a thin HTTP client of our own."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import ssl
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import FetcherInterface, TargetFile, Updater, UpdaterConfig

from appliance.errors import Refused, Unreachable

TIMEOUT = 20.0
"""Seconds without one byte."""
DEADLINE = 1_800.0
"""Seconds for one file, however slowly it drips."""
CHUNK = 65_536
LARGEST_PACKED = 16_000_000
"""Bytes of a packed snapshot."""


@dataclass(frozen=True)
class Offer:
    """What the signed metadata names as the current catalogue, before any of it is fetched."""

    name: str
    serial: int
    sha256: str
    length: int
    services: int
    sample: bool
    date: str
    target: TargetFile


class _Http(FetcherInterface):
    """HTTP(S) without redirects, proxies or cookies; HTTPS is verified against the hub's own authority alone."""

    def __init__(self, authority: Path | None) -> None:
        self.context = ssl.create_default_context(cafile=str(authority)) if authority and authority.exists() else None

    def _fetch(self, url: str) -> Iterator[bytes]:
        parts = urllib.parse.urlsplit(url)
        connection = self._connect(parts)
        try:
            connection.request("GET", parts.path, headers={"Accept-Encoding": "identity", "User-Agent": "campbox"})
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise tuf_errors.DownloadError(type(error).__name__) from error
        if response.status != 200:
            connection.close()
            raise tuf_errors.DownloadHTTPError(f"HTTP {response.status}", response.status)
        return self._chunks(connection, response)

    def _connect(self, parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
        if self.context is None:
            raise tuf_errors.DownloadError("no authority to verify the hub by")
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=TIMEOUT, context=self.context)

    def _chunks(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> Iterator[bytes]:
        started = time.monotonic()
        with contextlib.closing(connection):
            while True:
                try:
                    chunk = response.read1(CHUNK)
                except (OSError, http.client.HTTPException) as error:
                    raise tuf_errors.DownloadError(type(error).__name__) from error
                if not chunk:
                    return
                yield chunk
                if time.monotonic() - started > DEADLINE:
                    raise tuf_errors.SlowRetrievalError("took too long")


class Source:
    """One signed repository. Trusted metadata is kept in ``folder``, so that no older one is ever accepted again."""

    def __init__(self, url: str, root: bytes, authority: Path | None, folder: Path) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise Refused("the catalogue's address is neither http nor https", mend="enrol this box again")
        self.metadata, self.files = folder / "metadata", folder / "targets"
        for path in (self.metadata, self.files):
            path.mkdir(parents=True, exist_ok=True)
        config = UpdaterConfig(targets_max_length=1_000_000, snapshot_max_length=500_000, max_root_rotations=32)
        with _translated():
            self.updater = Updater(
                str(self.metadata), f"{url.rstrip('/')}/metadata/", str(self.files), f"{url.rstrip('/')}/targets/",
                fetcher=_Http(authority), config=config, bootstrap=root,
            )  # fmt: skip

    def offer(self) -> Offer | None:
        """Fetch and verify the metadata. None when the hub has published nothing. Raises Unreachable or Refused."""
        with _translated():
            self.updater.refresh()
            targets = _trusted_targets(self.metadata)
            found = [offer for name, custom in targets if (offer := self._read(name, custom)) is not None]
        return max(found, key=lambda one: one.serial, default=None)

    def _read(self, name: str, custom: dict[str, Any]) -> Offer | None:
        target = self.updater.get_targetinfo(name)
        if target is None or custom.get("kind") != "catalogue":
            return None
        serial, services, date = custom.get("serial"), custom.get("services"), custom.get("date")
        if (
            not isinstance(serial, int)
            or not isinstance(services, int)
            or not isinstance(date, str)
            or "sha256" not in target.hashes
        ):
            raise Refused("the signed description of the catalogue is incomplete", mend="publish it again")
        return Offer(
            name, serial, target.hashes["sha256"], target.length, services, custom.get("sample") is not False, date, target
        )

    def fetch(self, offer: Offer) -> bytes:
        """The packed snapshot, its length and hash verified. Raises Unreachable or Refused."""
        if offer.length > LARGEST_PACKED:
            raise Refused(f"a catalogue of {offer.length} bytes is too large", mend="publish fewer services")
        with _translated():
            path = self.updater.find_cached_target(offer.target) or self.updater.download_target(offer.target)
        content = Path(path).read_bytes()
        if hashlib.sha256(content).hexdigest() != offer.sha256:
            raise Refused("the fetched file changed under our hands", mend="it is fetched again")
        return content

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

    def forget_files(self, keep: Offer) -> None:
        """Remove fetched files other than the current one."""
        kept = urllib.parse.quote(keep.name, "")
        for path in self.files.iterdir():
            if path.name != kept:
                path.unlink(missing_ok=True)


def _trusted_targets(metadata: Path) -> list[tuple[str, dict[str, Any]]]:
    """Names and descriptions in the metadata that ``refresh`` has just verified and stored."""
    targets = Metadata[Targets].from_file(str(metadata / "targets.json")).signed.targets
    return [(name, target.custom or {}) for name, target in targets.items()]


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """TUF's errors in this project's words: what cannot be had is Unreachable, what is wrong is Refused."""
    try:
        yield
    except tuf_errors.ExpiredMetadataError as error:
        raise Refused("the signed metadata has expired", mend="start the hub: it signs anew") from error
    except tuf_errors.BadVersionNumberError as error:
        raise Refused("older than what this box has already seen (rollback)", mend="look whether the hub was restored") from error
    except tuf_errors.UnsignedMetadataError as error:
        raise Refused("a signature is wrong", mend="look who changed the repository") from error
    except (tuf_errors.LengthOrHashMismatchError, tuf_errors.DownloadLengthMismatchError) as error:
        raise Refused("a length or hash is not the signed one", mend="look who changed the repository") from error
    except tuf_errors.RepositoryError as error:
        raise Refused(f"bad metadata: {type(error).__name__}", mend="look who changed the repository") from error
    except tuf_errors.DownloadError as error:
        raise Unreachable(f"the hub does not answer: {error}", mend="it is tried again") from error
