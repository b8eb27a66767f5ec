"""P The broker: hub configuration -> mosquitto.conf and its access list.

A box is who its certificate says. It may write the named topics of its own ``up`` and read below its own ``down``, nothing else.
Only errors and warnings are logged: notices would name addresses.
"""

from __future__ import annotations

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from telemetry.strict import MESSAGE_LIMIT

QUEUED_BYTES = 67_108_864
"""Bytes of messages that may wait at the broker for one client: a quarter of an hour of ten thousand boxes."""
MEMORY = 402_653_184
"""Bytes the broker may use: births and deaths of ten thousand boxes are 4 MB, their connections some 150 MB."""
LEAVES = ("t", "reported", "result", "feedback", "birth", "death")
"""Last levels of the topics a box may write. mosquitto has no right to retain: ingest refuses what is retained of the others."""


def files(config: HubConfig, layout: Layout) -> dict[str, str]:
    """Contribution to ``campbox.hub_files``."""
    return {"mosquitto.conf": _configuration(config, layout), "mosquitto.acl": _access_list()}


def _configuration(config: HubConfig, layout: Layout) -> str:
    keys = layout.data / "hub" / "authority"
    return f"""\
# Written at start: changes here are lost.
pid_file {layout.service_run("mosquitto")}/pid

# Errors and warnings only, and nothing about connections: they would name addresses.
log_dest stderr
log_type error
log_type warning
connection_messages false

# Nothing on disk: what a box has not seen acknowledged by the hub it sends again.
persistence false
max_packet_size {MESSAGE_LIMIT + 1024}
max_inflight_messages 500
# What waits for one client, ingest above all: by number, and by bytes, whichever is reached first.
max_queued_messages 20000
max_queued_bytes {QUEUED_BYTES}
# Of everything together. Who publishes past it is refused; what is there stays.
memory_limit {MEMORY}
persistent_client_expiration 1h
set_tcp_nodelay true

listener {config.mqtt_port}
cafile {keys}/ca.pem
certfile {keys}/server.pem
keyfile {keys}/server-key.pem
# Keys whose place another key of their box has taken; read anew, with the certificate above, at SIGHUP.
crlfile {keys}/crl.pem
tls_version tlsv1.2
allow_anonymous false
require_certificate true
# The certificate's common name is user name and client id at once, so that no box can take another's session.
use_identity_as_username true
use_username_as_clientid true
acl_file {layout.conf}/mosquitto.acl
"""


def _access_list() -> str:
    written = "".join(f"pattern write campbox/v1/%u/up/{leaf}\n" for leaf in LEAVES)
    return f"""\
# Written at start: changes here are lost.
{written}pattern read campbox/v1/%u/down/#

user hub-ingest
topic read campbox/v1/+/up/#
topic write campbox/v1/+/down/#
topic write campbox/view/#
"""
