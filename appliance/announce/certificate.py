"""E The certificate that the front shows to phones: not the file's, which the front may not have read yet."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import sys

from appliance.announce.offer import Certificate
from appliance.errors import CommandFailed, Unreachable
from appliance.run import run

_PATIENCE = 3.0


def shown(address: str, name: str) -> bytes:
    """The certificate (DER) that a phone gets which asks for ``name`` at ``address``. Raises Unreachable when there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    # Whether to trust it is the phone's business: a box does not know the authorities of every phone.
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, 443), _PATIENCE) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
            certificate = tls.getpeercert(binary_form=True)
    except OSError as error:
        raise Unreachable(f"no certificate ({type(error).__name__})", where="the front, port 443") from error
    if certificate is None:
        raise Unreachable("no certificate", where="the front, port 443")
    return certificate


def described(certificate: bytes) -> Certificate:
    """What it says. Raises CommandFailed when it is none.

    Another process reads it, which ends again: the library that can costs 12 MB, and a certificate changes four times a year.
    """
    argv = [sys.executable, "-m", "appliance.announce.decode"]
    said = run(argv, input=base64.b64encode(certificate).decode()).stdout
    try:
        told = json.loads(said)
        return Certificate(float(told["begins"]), float(told["ends"]), tuple(map(str, told["names"])))
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise CommandFailed("what it says of a certificate cannot be read", where="appliance.announce.decode") from error
