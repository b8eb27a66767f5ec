"""P The hub's configuration: TOML text -> a frozen HubConfig."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from appliance import config_kinds as kinds
from appliance.errors import BadInput
from appliance.toml_reader import Reader, Table, flag, listed, text, whole
from appliance.values import parse_ip


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


def _name_or_address(value: Any) -> str:
    try:
        return str(parse_ip(text(value)))
    except BadInput:
        return kinds.host(value)


def parse_hub(untrusted_text: str, file: str = "hub.toml") -> HubConfig:
    """Read a hub's configuration. Raises ConfigError: one line naming file, line, key and mend."""
    reader = Reader(untrusted_text, file)
    top = Table(reader, "", reader.document())
    port = whole(1, 65535)
    config = HubConfig(
        host=top.take("host", _name_or_address),
        also_known_as=top.take("also_known_as", listed(_name_or_address), ()),
        https_port=top.take("https_port", port, HubConfig.https_port),
        mqtt_port=top.take("mqtt_port", port, HubConfig.mqtt_port),
        plain_port=top.take("plain_port", port, HubConfig.plain_port),
        smallest_count=top.take("smallest_count", whole(10, 1000), HubConfig.smallest_count),
        demo=top.take("demo", flag, HubConfig.demo),
    )
    top.done("see docs/operator.md for the names")
    if len({config.https_port, config.mqtt_port, config.plain_port}) < 3:
        raise reader.fail(
            "", "mqtt_port", "two services on one port", "give https_port, mqtt_port and plain_port numbers of their own"
        )
    return config
