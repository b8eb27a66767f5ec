"""P Which mirrors of Debian this machine's own apt uses: an image is built from the same, so an office's cache serves both."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.errors import BadInput

FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
"""What ``apt-get indextargets`` is asked for, a line each."""
_RELEASES = frozenset({"bullseye", "bookworm", "trixie", "forky", "oldstable", "stable", "testing", "sid", "unstable"})
"""Debian's, whose mirrors hold every other release too; not those of its children."""
_KINDS = ("http://", "https://", "file:/", "copy:/")


@dataclass(frozen=True)
class Mirrors:
    """Addresses for apt: of Debian, and of its security updates."""

    debian: str
    security: str


def choose(given: str | None, given_security: str | None, untrusted_targets: str) -> Mirrors:
    """The mirrors that were given; else the first of each kind that this machine's apt names. Raises BadInput."""
    found = _found(untrusted_targets)
    chosen = given or found.get("debian"), given_security or found.get("security")
    if chosen[0] is None:
        raise BadInput("this machine's apt names no mirror of Debian", where="--mirror", mend="give one: --mirror ADDRESS")
    if chosen[1] is None:
        mend = "give one: --security-mirror ADDRESS"
        raise BadInput("this machine's apt names no mirror of Debian's security updates", where="--security-mirror", mend=mend)
    return Mirrors(chosen[0], chosen[1])


def _found(untrusted_targets: str) -> dict[str, str]:
    found = dict[str, str]()
    for line in untrusted_targets.splitlines():
        address, _, rest = line.strip().partition("|")
        release, _, component = rest.partition("|")
        name, _, pocket = release.partition("-")
        if address.startswith(_KINDS) and name in _RELEASES and component == "main" and pocket in ("", "security"):
            found.setdefault(pocket or "debian", address.rstrip("/"))
    return found
