"""P The kinds of phone in the lab: what they ask to find out whether they are online, and in which language they read."""

from __future__ import annotations

from dataclasses import dataclass

PLANTED = "Zeb7Q4x"
"""Part of every user agent, host name and search text a phone of the lab sends: the scan looks for it."""


@dataclass(frozen=True)
class PhoneKind:
    """A phone: ``system`` names the rows of the probe table it uses; ``search`` is what its owner looks for."""

    name: str
    system: str
    accept_language: str
    language: str
    user_agent: str
    search: str

    @property
    def headers(self) -> dict[str, str]:
        """What its browser sends with every request."""
        return {"User-Agent": self.user_agent, "Accept-Language": self.accept_language, "Accept": "text/html,*/*;q=0.8"}


def _agent(text: str) -> str:
    return f"Mozilla/5.0 ({text}; {PLANTED}) Mobile"


PHONE_KINDS: tuple[PhoneKind, ...] = (
    PhoneKind("Android", "Android", "ar-SY,ar;q=0.9,en;q=0.5", "ar", _agent("Linux; Android 13; SM-A135F"), "صحة"),
    PhoneKind("iPhone", "Apple", "fa-AF,fa;q=0.9", "fa-AF", _agent("iPhone; CPU iPhone OS 16_6 like Mac OS X"), "health"),
    PhoneKind("Windows", "Windows", "fr-FR,fr;q=0.8,en;q=0.3", "fr", _agent("Windows NT 10.0; Win64; x64"), "education"),
    PhoneKind("Firefox", "Firefox", "en-GB,en;q=0.8", "en", _agent("Android 9; rv:109.0"), "food"),
    PhoneKind("GNOME", "GNOME", "en-US,en;q=0.9,ar;q=0.5", "en", _agent("X11; Linux x86_64; rv:115.0"), "cash"),
    PhoneKind("Android 7", "Android", "ar,en;q=0.2", "ar", _agent("Linux; Android 7.0; SM-G920F"), "تعليم"),
)


def kind_of(number: int) -> PhoneKind:
    """The kind of the demo's phone ``number``, counted from 1: a mix."""
    return PHONE_KINDS[(number - 1) % len(PHONE_KINDS)]


def kind_named(name: str) -> PhoneKind:
    """The kind of that name. Raises KeyError."""
    return {kind.name: kind for kind in PHONE_KINDS}[name]


def host_name(phone: str) -> str:
    """What a phone calls itself when it asks for an address: people name them after themselves."""
    return f"{PLANTED}-{phone.rpartition('campbox-')[2]}"


def planted_search(phone: str) -> str:
    """A search nobody but this phone makes; it finds nothing and must be found nowhere."""
    return f"{PLANTED}quest{phone.rpartition('-')[2]}"
