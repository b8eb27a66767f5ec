"""P What a phone of the lab is told about its world: passed as JSON from the demo to the phones' processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.values import Ip, parse_ip


@dataclass(frozen=True)
class World:
    """Addresses and names as a phone's owner would know them, and ``trust``: the authority the phone was given."""

    portal_name: str
    api_name: str | None
    gateway: str
    gateway6: str
    network: str
    network6: str
    dns: str
    dns6: str
    web_host: str
    web_address: str
    web_address6: str
    languages: tuple[str, ...]
    trust: str

    def to_json(self) -> str:
        """As a JSON text."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> World:
        """Back again."""
        values = json.loads(text)
        return cls(**{**values, "languages": tuple(values["languages"])})

    @property
    def trust_file(self) -> Path:
        """The authority's certificate."""
        return Path(self.trust)

    def box(self, version: int) -> Ip:
        """The box's own address of that IP version."""
        return parse_ip(self.gateway if version == 4 else self.gateway6)

    def web(self, version: int) -> Ip:
        """The ordinary web host's address of that IP version."""
        return parse_ip(self.web_address if version == 4 else self.web_address6)

    def outside_dns(self, version: int) -> Ip:
        """The internet's name server."""
        return parse_ip(self.dns if version == 4 else self.dns6)
