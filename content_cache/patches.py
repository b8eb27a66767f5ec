"""P Published files -> canonical snapshot: the whole one, or a patch to the one a box has. Zstandard (RFC 8878) of the lean form.

A patch is a frame made with the base's lean form as its dictionary. What comes out is measured against the signed metadata.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import zstandard

from appliance.errors import BadInput, Refused
from content_cache.lean_restore import restore
from content_cache.snapshot import LARGEST, WINDOW
from content_cache.targets import Edition

LEVEL = 19
PATCH_LEVEL = 22
PATIENT_UP_TO = 2_000_000
"""Bytes of a lean form up to which a patch is sought with every effort; beyond, minutes would be spent for a per cent."""
_WINDOW_LOG = 27


@dataclass(frozen=True)
class Opened:
    """A published file unpacked: the canonical snapshot, and its lean form, which is the base of the next patch."""

    canonical: bytes
    lean: bytes


def pack(lean: bytes) -> bytes:
    """The file of a whole snapshot, from its lean form."""
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=False).compress(lean)


def diff(base: bytes, lean: bytes, *, patient: bool = True) -> bytes:
    """The file that leads from one lean form to another; ``patient`` seeks the smallest."""
    level = PATCH_LEVEL if patient and len(lean) <= PATIENT_UP_TO else LEVEL
    settings = zstandard.ZstdCompressionParameters.from_level(level, window_log=_WINDOW_LOG, enable_ldm=True, write_checksum=False)
    return zstandard.ZstdCompressor(compression_params=settings, dict_data=_dictionary(base)).compress(lean)


def open_full(untrusted: bytes, edition: Edition) -> Opened:
    """What a whole file holds. Raises BadInput, or Refused when it is not the signed snapshot."""
    return _checked(_expand(untrusted, zstandard.ZstdDecompressor(max_window_size=WINDOW)), edition)


def open_patch(untrusted: bytes, base: bytes, edition: Edition) -> Opened:
    """What a patch makes of ``base``, a lean form. Raises as ``open_full``."""
    reader = zstandard.ZstdDecompressor(dict_data=_dictionary(base), max_window_size=WINDOW)
    return _checked(_expand(untrusted, reader), edition)


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _expand(untrusted: bytes, decompressor: zstandard.ZstdDecompressor) -> bytes:
    """Never more than LARGEST bytes, whatever the frame claims."""
    try:
        with decompressor.stream_reader(io.BytesIO(untrusted)) as reader:
            content: bytes = reader.read(LARGEST + 1)
    except zstandard.ZstdError as error:
        raise BadInput("not a Zstandard frame of a catalogue", mend="fetch it again") from error
    if len(content) > LARGEST:
        raise BadInput("a snapshot too large", mend="publish fewer services or raise the limit")
    return content


def _checked(untrusted_lean: bytes, edition: Edition) -> Opened:
    canonical = restore(untrusted_lean)
    if len(canonical) != edition.size or hashlib.sha256(canonical).hexdigest() != edition.snapshot:
        raise Refused("what was unpacked is not the signed snapshot", where=edition.file.name, mend="it is fetched again, whole")
    return Opened(canonical, untrusted_lean)
