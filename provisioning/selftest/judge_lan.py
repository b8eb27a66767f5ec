"""P Judging the side of the people: the Wi-Fi, and what a phone meets there before the tap."""

from __future__ import annotations

from provisioning.selftest.outcome import Facts, Outcome, failed, nothing, passed

_RESTART = "Unplug the box and plug it in again; if it stays, flash the card anew."
_NO_LEASE = nothing("not asked: the phone got no address")


def wifi(facts: Facts) -> Outcome:
    """The radio that the site file names, or the cable to an access point."""
    interface = facts["interface"]
    if not facts["there"]:
        if facts["kind"] == "radio":
            return failed(
                f"there is no radio {interface}", "Plug the USB radio in, or name the right one in the site file: [radio]."
            )
        return failed(f"there is no interface {interface}", "Plug the network adapter in, or name the right one: [lan] interface.")
    if not facts["in_bridge"]:
        return failed(f"{interface} is not part of the box's network", _RESTART)
    if facts["kind"] == "radio":
        if not facts["access_point"]:
            mend = "Look whether country and channel in [radio] are allowed for this radio; then start the box again."
            return failed(f"{interface} is no access point now", mend)
        return passed(f"{interface} gives the Wi-Fi")
    if not facts["carrier"]:
        mend = "Plug the access point's cable into that port and switch it on; try another cable."
        return failed(f"nothing is at the other end of the cable in {interface}", mend)
    return passed(f"a cable is plugged in at {interface}; the access point's own settings cannot be seen from here")


def _unplayed(facts: Facts) -> Outcome | None:
    if facts.get("problem"):
        return failed(f"the test phone could not be played: {facts['problem']}", _RESTART)
    return None


def address(facts: Facts) -> Outcome:
    """The lease, and the gateway that answers for itself."""
    if (unplayed := _unplayed(facts)) is not None:
        return unplayed
    if not facts["lease"]:
        return failed("a phone gets no address (DHCP)", f"The service dnsmasq-captive gives them. {_RESTART}")
    if not facts["router_right"] or not facts["server_right"]:
        mend = "Look for a second DHCP server on this network (often the access point's own) and switch it off."
        return failed("a phone is told another router or name server than this box", mend)
    if not facts["gateway"]:
        return failed("the box does not answer for its own address (ARP)", _RESTART)
    return passed("a phone gets its address, router and name server")


def names(facts: Facts) -> Outcome:
    """The captive's name server: every name has an answer, and the portal's is the box itself."""
    if (unplayed := _unplayed(facts)) is not None:
        return unplayed
    if not facts["lease"]:
        return _NO_LEASE
    if not facts["probe_name"]:
        return failed("names are not answered (DNS)", f"The service dnsmasq-captive answers them. {_RESTART}")
    if not facts["portal_name"]:
        return failed("the portal's own name does not lead to this box", _RESTART)
    return passed("every name is answered, the portal's by this box")


def portal(facts: Facts) -> Outcome:
    """The redirect that opens the sign-in sheet, and the page itself."""
    if (unplayed := _unplayed(facts)) is not None:
        return unplayed
    if not facts["lease"]:
        return _NO_LEASE
    if facts["probe_status"] is None:
        return failed("a phone's probe is not answered", f"The service nginx answers it. {_RESTART}")
    if facts["probe_status"] != 302 or not facts["probe_leads_home"]:
        return failed(f"a phone's probe is answered with {facts['probe_status']} and does not lead to the portal", _RESTART)
    if facts["page_status"] != 200:
        return failed(f"the welcome page: {_told(facts['page_status'])}", f"The services nginx and portal make it. {_RESTART}")
    if facts["portal_status"] != 200:
        mend = f"The service portal: the welcome page still comes, but the tap does not work. {_RESTART}"
        return failed(f"the portal itself: {_told(facts['portal_status'])}", mend)
    return passed("a phone is led to the portal, and its pages come whole")


def _told(status: int | None) -> str:
    return "no answer" if status is None else "not the whole answer" if status == 0 else f"answer {status}"


def closed(facts: Facts) -> Outcome:
    """Default deny, told quickly: a phone that waits for a time-out shows nothing for a minute."""
    if (unplayed := _unplayed(facts)) is not None:
        return unplayed
    if not facts["lease"]:
        return _NO_LEASE
    if "open" in (facts["https"], facts["quic"]):
        return failed("the internet is open to a phone that has not tapped", f"The service gate closes it. {_RESTART}")
    if facts["https"] != "reset" or facts["quic"] != "unreachable":
        told = f"TCP 443: {facts['https']}, UDP 443: {facts['quic']}"
        return failed(f"the internet is closed without saying so ({told})", f"The service gate says it. {_RESTART}")
    return passed("closed before the tap, and told at once")


def ipv6(facts: Facts) -> Outcome:
    """Router advertisement with the box's own network."""
    if (unplayed := _unplayed(facts)) is not None:
        return unplayed
    if not facts["advertised"]:
        return failed("no router advertisement came (IPv6)", f"The service dnsmasq-captive sends it. {_RESTART}")
    if not facts["prefix_right"]:
        mend = "Look for a second IPv6 router on this network (often the access point's own) and switch it off."
        return failed("a phone is told another IPv6 network than this box's", mend)
    return passed("a phone gets its IPv6 network")
