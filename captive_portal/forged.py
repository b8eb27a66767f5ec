"""P Whether a form comes from the portal's own page or from another site's."""

from __future__ import annotations

from urllib.parse import urlsplit


def forged(untrusted_origin: str | None, untrusted_fetch_site: str | None, host: str) -> bool:
    """Is this form another site's will and not the reader's? ``host`` is the name the portal was asked under.

    Browsers name the origin of every form they send (Fetch standard, "append a request Origin header") and newer ones also
    whether it is the same site. One that names none (a program, a very old browser) is let through, as there is nobody's
    session to borrow. What cannot be read as an origin is nobody's own.
    """
    if untrusted_fetch_site not in (None, "same-origin", "none"):
        return True
    if untrusted_origin is None:
        return False
    try:
        said, own = urlsplit(untrusted_origin).hostname, urlsplit(f"//{host}").hostname
    except ValueError:  # brackets without an address in them
        return True
    return said is None or said != own
