"""P Two images compared: what differs, by partition and file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Listing = Mapping[str, str]
"""Path -> what must be equal: kind, mode, owner, size, date, SHA-256."""


def differences(place: str, ours: Listing, theirs: Listing) -> Iterator[str]:
    """One line a path that is not the same in both listings."""
    for path in sorted(ours.keys() | theirs.keys()):
        if path not in theirs:
            yield f"{place}/{path}: only in the first"
        elif path not in ours:
            yield f"{place}/{path}: only in the second"
        elif ours[path] != theirs[path]:
            yield f"{place}/{path}: {ours[path]} | {theirs[path]}"


def all_differences(ours: Mapping[str, Listing], theirs: Mapping[str, Listing], hashes: tuple[Listing, Listing]) -> list[str]:
    """Every difference of two images; ``hashes`` are each image's parts by name with their SHA-256.

    A part whose files are all equal and whose bytes are not is named as such: identical means identical bytes.
    """
    found = []
    for part in sorted(hashes[0].keys() | hashes[1].keys()):
        if hashes[0].get(part) == hashes[1].get(part):
            continue
        lines = list(differences(part, ours.get(part, {}), theirs.get(part, {})))
        found += lines or [f"{part}: its files are equal, its bytes are not"]
    return found
