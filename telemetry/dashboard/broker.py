"""P The broker: hub configuration -> mosquitto.conf and its access list.

A box is who its certificate says. It may write below its own ``up`` and read below its own ``down``, nothing else. Only errors and
warnings are logged: notices would name addresses.
"""

from __future__ import annotations

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from telemetry.strict import MESSAGE_LIMIT


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
max_queued_messages 20000
persistent_client_expiration 1h
set_tcp_nodelay true

listener {config.mqtt_port}
cafile {keys}/ca.pem
certfile {keys}/server.pem
keyfile {keys}/server-key.pem
tls_version tlsv1.2
allow_anonymous false
require_certificate true
# The certificate's common name is user name and client id at once, so that no box can take another's session.
use_identity_as_username true
use_username_as_clientid true
acl_file {layout.conf}/mosquitto.acl
"""


def _access_list() -> str:
    return """\
# Written at start: changes here are lost.
pattern write campbox/v1/%u/up/#
pattern read campbox/v1/%u/down/#

user hub-ingest
topic read campbox/v1/+/up/#
topic write campbox/v1/+/down/#
topic write campbox/view/#
"""
