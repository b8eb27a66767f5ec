"""P Judging the box itself: power, card, clock, services."""

from __future__ import annotations

from provisioning.selftest.outcome import Facts, Outcome, failed, nothing, passed

LEAST_FREE = 64_000_000
"""Bytes: room for a day of the box's own writes, and one catalogue."""
SLOW_WRITE = 10.0
"""Seconds for 64 kB to reach the card: a card that dies takes minutes."""
WORN = 90
"""Per cent of its life that an eMMC says it has used."""
_NEW_CARD = "Copy nothing from it: put in a new card, flashed for this box."


def power(facts: Facts) -> Outcome:
    """The Pi's own under-voltage alarm, as the kernel passes it on (driver raspberrypi-hwmon)."""
    if facts["low"] is None:
        return nothing("this machine has no sensor for its supply")
    if facts["low"]:
        mend = "Use the supply made for this board and a short, thick cable; unplug USB devices that draw much."
        return failed("the supply's voltage is too low", mend)
    return passed("the supply gives enough")


def card(facts: Facts) -> Outcome:
    """Room, errors, a write that is read back; on an image also what its start made of the data partition."""
    if facts["storage"].get("state") == "memory":
        return failed(str(facts["storage"].get("why") or "the data partition cannot be used"), _NEW_CARD)
    if facts["read_only"]:
        return failed("the data partition has become read-only: the card has failed", _NEW_CARD)
    if facts["errors"]:
        return failed(f"the kernel counted {facts['errors']} errors on the data partition", _NEW_CARD)
    if facts["worn"] is not None and facts["worn"] >= WORN:
        return failed(f"{facts['worn']} % of the card's life is used", "Replace it soon with a new one, flashed for this box.")
    if facts["free"] < LEAST_FREE:
        mend = "Flash a larger card, or take content out of the box."
        return failed(f"only {facts['free'] / 1e6:.0f} MB of {facts['size'] / 1e9:.1f} GB are free", mend)
    if facts["problem"]:
        return failed(f"a small file could not be written and read back: {facts['problem']}", _NEW_CARD)
    if facts["seconds"] > SLOW_WRITE:
        return failed(f"64 kB took {facts['seconds']:.0f} s to reach the card", "Such cards fail soon: put in a new one.")
    return passed(f"{facts['free'] / 1e9:.1f} of {facts['size'] / 1e9:.1f} GB free; a write was read back")


def clock(facts: Facts) -> Outcome:
    """How far the time is trusted."""
    if facts["trust"] == "none":
        mend = "Mend the uplink: a time server then sets it. Until then no certificate can be checked."
        return failed("the clock is before the day this software was made", mend)
    if facts["trust"] == "floor":
        return passed("plausible; no time server has confirmed it yet")
    return passed("set by a time server")


def services(facts: Facts) -> Outcome:
    """Every daemon of the service table, and room for everybody in the kernel's tables."""
    if not facts["seen"]:
        return nothing("the processes of this machine cannot be seen from here")
    missing = list(facts["missing"])
    if missing:
        names = ", ".join(missing)
        mend = f"Unplug the box and plug it in again; if it stays, read the journal of campbox-{missing[0]} or flash the card anew."
        return failed(f"not running: {names}", mend)
    if facts["room"]:
        setting = str(facts["room"][0]).replace("/", ".")
        mend = "Unplug the box and plug it in again; if it stays, flash the card anew or set it by sysctl on the machine itself."
        return failed(f"{setting} is too low for a thousand phones", mend)
    return passed(f"all {facts['wanted']} run")
