"""P Judging the way out: uplink, hub, certificate, catalogue."""

from __future__ import annotations

from provisioning.selftest.outcome import Facts, Outcome, failed, nothing, passed

RENEWED_BY_THEN = 100
"""Days: the box asks for a new certificate four months before the old one ends, so fewer mean that it cannot."""
_NO_HUB = "this box reports to no hub"
_UPLINK_FIRST = "First mend the uplink: see its line."
_AGREE = "The card carries another hub's pin: make a new ticket (campbox enrol ticket) and flash the card again."
_TICKET = "Make a new ticket at the hub (campbox enrol ticket) and put it on the card."
_REACHED: dict[str, tuple[str, str]] = {
    "no-name": ("its name is not known", "Look at the hub's name in the ticket, and at the uplink's name server."),
    "refused": ("it refuses the connection", "See whether the hub runs: campbox hub up; and that its port for boxes is open."),
    "silent": ("it does not answer", "See whether the hub runs and whether this uplink lets its port for boxes through."),
    "untrusted": ("it does not prove itself", _AGREE),
    "clock": ("its certificate is not valid at this box's time", "Look at the line clock: the time must be right first."),
}


def uplink(facts: Facts) -> Outcome:
    """From the cable to an answer."""
    interface = facts["interface"]
    if not facts["there"]:
        return failed(f"there is no interface {interface}", "Plug the modem in, or name the right interface: [[uplink]] interface.")
    if facts["connected"]:
        return passed("the internet is reachable")
    if not facts["carrier"]:
        return failed(f"nothing is plugged in at {interface}", "Plug the modem's cable in and switch the modem on.")
    if not facts["route"]:
        mend = "The modem gives no address (DHCP): start it again, look at its SIM card or its line."
        return failed(f"{interface} is plugged in but has no way to the internet", mend)
    if facts.get("portal"):
        mend = "Open any page with a laptop at the modem: it shows the provider's own. Log in or pay there, or ask who does."
        return failed("the provider wants a login or money: another answers for the internet", mend)
    if not facts["resolved"]:
        mend = "Look at the modem: is the volume used up, is the line paid for, does it lead to a page that wants a login?"
        return failed("names of the internet are not answered", mend)
    mend = "Look at the modem: is the volume used up, is the line paid for? People still get everything that is on the box."
    return failed("names are answered, but nothing of the internet connects", mend)


def hub(facts: Facts) -> Outcome:
    """Reached with TLS, and proved by the authority whose pin is on the card."""
    if not facts["wanted"]:
        return nothing(_NO_HUB)
    if not facts["identity"]:
        return failed("this card belongs to no box yet", _TICKET)
    if not facts["enrolled"]:
        if not facts["uplink"]:
            return failed("not enrolled yet: the internet is not reachable", _UPLINK_FIRST)
        mend = _TICKET if facts["state"] == "refused" else "It tries again by itself; see that the hub runs and the time is right."
        return failed(f"not enrolled yet: {facts['why'] or 'no answer so far'}", mend)
    if facts["pin_right"] is False:
        return failed("the authority on this box is not the one on the card", _AGREE)
    if facts["reached"] == "yes":
        return passed(f"{facts['host']} answers and proves itself")
    if not facts["uplink"]:
        return failed(f"{facts['host']} cannot be reached: the internet is not", _UPLINK_FIRST)
    what, mend = _REACHED[facts["reached"]]
    return failed(f"{facts['host']}: {what}", mend)


def certificate(facts: Facts) -> Outcome:
    """The box's own, and the time it has left."""
    if not facts["wanted"]:
        return nothing(_NO_HUB)
    days = facts["days_left"]
    if days is None:
        return failed(f"the box has none yet{facts['why'] and ': '}{facts['why']}", "It comes with enrolment: see the line hub.")
    if facts["not_yet"]:
        return failed("it begins later than now: the clock is wrong", "See the line clock.")
    if days < 0:
        return failed(f"it ended {-days:.0f} days ago", f"{_TICKET} The box then asks for a new one.")
    if days < RENEWED_BY_THEN:
        return failed(f"{days:.0f} days left, and it was not renewed", "The hub must be reachable for it: see the line hub.")
    if facts["why"]:
        return failed(f"{days:.0f} days left, but {facts['why']}", _TICKET)
    return passed(f"{days:.0f} days left")


_AND = {
    "offline": "; the hub is out of reach now",
    "expired": "; its signature has expired: see that the hub runs",
    "held": "; a smaller one waits for a person's word at the hub",
    "pausing": "; a newer one stands back for people",
    "later": "; a newer one waits for the hours or the volume of the site file",
}


def catalogue(facts: Facts) -> Outcome:
    """People need services on the box, with or without a hub in reach; one that refuses an update says so."""
    if not facts["wanted"]:
        return nothing(_NO_HUB)
    held = f"{facts['services']} services of {facts['date'][:10]}" if facts["services"] else "no services yet"
    if facts["state"] == "refused":
        return failed(
            f"{held}; the last update was refused: {facts['why']}", "Publish it again at the hub: campbox catalogue import."
        )
    if not facts["services"]:
        mend = "It comes within minutes of enrolment; if the hub has published none: campbox catalogue import."
        return failed(f"{held}{facts['why'] and ': '}{facts['why']}", mend)
    return passed(held + _AND.get(facts["state"], ""))
