"""P What apt says of packages, read; and the small archive made of the fetched ones, from which a base is built offline."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from appliance.errors import BadInput
from provisioning.image.debian_control import first_line, paragraphs

_URI = re.compile(r"'([^']+)' (\S+) (\d+)(?: \S+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~%_:-]*\.deb\Z")


@dataclass(frozen=True, order=True)
class Archive:
    """One package as apt chose it: ``file`` is its name in apt's cache, ``size`` in bytes, ``stanza`` its paragraph."""

    name: str
    version: str
    arch: str
    file: str
    size: int
    sha256: str
    source: str = ""
    stanza: str = ""

    def row(self) -> dict[str, str]:
        """For the report's package list."""
        return {"name": self.name, "version": self.version, "architecture": self.arch, "source": self.source, "sha256": self.sha256}


def parse_uris(untrusted_text: str) -> tuple[str, ...]:
    """The file names of ``apt-get --print-uris``, one a package. Raises BadInput for a line that is none."""
    files = list[str]()
    for line in filter(None, map(str.strip, untrusted_text.splitlines())):
        found = _URI.fullmatch(line)
        if found is None or not _FILE.match(found[2]):
            raise BadInput(f"apt said {line[:80]!r}", mend="is this apt's --print-uris?")
        files.append(found[2])
    return tuple(sorted(files))


def spec(file: str) -> str:
    """``name:arch=version`` of an archive's file name, for apt-cache. Raises BadInput."""
    parts = file.removesuffix(".deb").split("_")
    if len(parts) != 3 or not all(parts):
        raise BadInput(f"{file[:80]!r} is no package's file name")
    name, version, arch = parts
    return f"{name}{'' if arch == 'all' else f':{arch}'}={unquote(version)}"


def parse_archives(untrusted_text: str, files: Sequence[str]) -> tuple[Archive, ...]:
    """Find each of ``files`` among the paragraphs that ``apt-cache show`` printed. Raises BadInput when one is missing."""
    known = {}
    for text in re.split(r"\n\n+", untrusted_text.strip()):
        for paragraph in paragraphs(text):
            one = _archive(paragraph, text)
            known[spec(one.file)] = one
    missing = [file for file in files if spec(file) not in known]
    if missing:
        raise BadInput(f"apt knows nothing of {missing[0]}", mend="start again: package lists changed meanwhile")
    return tuple(sorted(Archive(**{**vars(known[spec(file)]), "file": file}) for file in files))


def _archive(paragraph: dict[str, str], text: str) -> Archive:
    name, version, arch = (first_line(paragraph, field) for field in ("package", "version", "architecture"))
    size, sha256 = first_line(paragraph, "size"), first_line(paragraph, "sha256")
    if not (name and version and arch and size.isdigit() and _SHA256.match(sha256)):
        raise BadInput(f"a package's paragraph is not whole: {name[:40]!r}", mend="start again: apt's lists may be broken")
    source = first_line(paragraph, "source").split(" ")[0] or name
    return Archive(name, version, arch, f"{name}_{version.replace(':', '%3a')}_{arch}.deb", int(size), sha256, source, text)


def packages_index(archives: Iterable[Archive], folder: str) -> str:
    """A ``Packages`` file: the signed index's own paragraphs, hashes included, each pointing to its fetched file."""
    return "\n".join(f"{_pointed(one, folder)}\n" for one in archives)


def _pointed(one: Archive, folder: str) -> str:
    return re.sub(r"(?m)^Filename: .*$", lambda _: f"Filename: {folder}/{one.file}", one.stanza.strip())


def release(index: str, suite: str, arch: str) -> str:
    """A ``Release`` file for the small archive, without a date: the same packages give the same file."""
    data = index.encode()
    row = f" {hashlib.sha256(data).hexdigest()} {len(data)} Packages"
    return f"Suite: {suite}\nCodename: {suite}\nArchitectures: {arch} all\nSHA256:\n{row}\n"


def newest(untrusted_headers: Iterable[bytes]) -> int:
    """Seconds since 1970 of the newest package: ``ar`` headers carry when each was made (deb(5)). Raises BadInput."""
    times = list[int]()
    for header in untrusted_headers:
        # "!<arch>\n", then a member's name (16 bytes) and its time (12 bytes, decimal).
        stamp = header[24:36].strip()
        if not header.startswith(b"!<arch>\n") or not stamp.isdigit():
            raise BadInput("a fetched file is no package", mend="remove the cache and start again")
        times.append(int(stamp))
    if not times:
        raise BadInput("no packages")
    return max(times)
