"""P The hub's configuration: TOML text -> a frozen HubConfig."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields

from appliance.errors import ConfigError


@dataclass(frozen=True)
class HubConfig:
    """A hub. ``host`` is its public name; ``also_known_as`` more names or addresses for its certificates.

    ``plain_port`` serves the dashboard without TLS on the loopback address only, for a local reverse proxy or the demo.
    """

    host: str
    also_known_as: tuple[str, ...] = ()
    https_port: int = 443
    mqtt_port: int = 8883
    plain_port: int = 8080
    smallest_count: int = 10
    demo: bool = False


def parse_hub(text: str, file: str = "hub.toml") -> HubConfig:
    """Read a hub's configuration. Raises ConfigError naming file and key."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not TOML: {error}", where=file, mend="mend the line it names") from error
    kinds = {field.name: type(field.default) for field in fields(HubConfig)} | {"host": str}
    for key, value in values.items():
        if key not in kinds:
            raise ConfigError(f"unknown key {key!r}", where=file, mend=f"known are {', '.join(kinds)}")
        wanted = list if kinds[key] is tuple else kinds[key]
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ConfigError(f"{key} must be of the kind {wanted.__name__}", where=file, mend="see docs/operator.md")
    if "host" not in values:
        raise ConfigError("host is missing", where=file, mend='add a line host = "hub.example.org"')
    return HubConfig(**{**values, "also_known_as": tuple(values.get("also_known_as", ()))})
