"""``campbox hub up`` on this machine: everything answers, nothing is left, what is in the way is named."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.run import run, spawn
from appliance.services import USERS, services
from provisioning.lab.pace import patient
from tests.real.open_folder import open_folder
from tests.real.running_camp import until

CODE = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.net,
    pytest.mark.skipif(
        any(folder.stat().st_mode & 0o001 == 0 for folder in CODE.parents),
        reason="hub up says so too: services cannot enter this folder",
    ),
]
PASSWORD = "correct horse battery"


@pytest.fixture
def root() -> Iterator[Path]:
    with open_folder("hub") as folder:
        yield folder


def free_ports(many: int) -> list[int]:
    probes = [socket.socket() for _ in range(many)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def start(root: Path) -> tuple[subprocess.Popen[str], tuple[int, int, int]]:
    https, mqtt, plain = free_ports(3)
    text = f'host = "localhost"\nhttps_port = {https}\nmqtt_port = {mqtt}\nplain_port = {plain}\n'
    (root / "hub.toml").write_text(text)
    environment = {**os.environ, "CAMPBOX_HUB_PASSWORD": PASSWORD}
    process = spawn(command(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    return process, (https, mqtt, plain)


def command(root: Path) -> list[str]:
    """As a shell starts it in the background, where Ctrl-C is ignored from the start."""
    arguments = ["hub", "up", "--config", str(root / "hub.toml"), "--root", str(root / "place")]
    return ["env", "--ignore-signal=INT", sys.executable, "-m", "appliance.cli", *arguments]


def get(url: str, *, login: bool = True, context: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url)
    if login:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=patient(60), context=context) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def ours(root: Path) -> list[str]:
    """Command lines of processes that name this test's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(root / "place" / "run") in line:
            found.append(line)
    return found


def test_a_hub_comes_up_answers_and_goes_without_a_trace(root: Path) -> None:
    process, (https, mqtt, plain) = start(root)
    try:
        assert process.stdout is not None
        told = ""
        while "Ctrl-C stops" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        assert PASSWORD in told
        pin = re.search(r'ca = "sha256:([0-9a-f]{64})"', told)
        assert pin is not None

        ca = root / "ca.pem"
        ca.write_bytes(get(f"http://127.0.0.1:{plain}/ca.pem", login=False)[1])
        trusting = ssl.create_default_context(cafile=str(ca))
        for base, context in ((f"http://127.0.0.1:{plain}", None), (f"https://localhost:{https}", trusting)):
            assert get(f"{base}/healthz", login=False, context=context) == (200, b"ok\n")
            assert get(f"{base}/api/v1/boxes", login=False, context=context)[0] == 401
            assert get(f"{base}/api/v1/boxes", context=context)[0] == 200
            assert get(f"{base}/catalogue/", login=False, context=context)[0] in (403, 404)
            assert b'"total_items":0' in get(f"{base}/hsds/services", login=False, context=context)[1]
        with urllib.request.urlopen(authorised(f"http://127.0.0.1:{plain}/events"), timeout=patient(30)) as stream:
            assert stream.readline() == b"retry: 2000\n", "events are not held back by the front"
        with socket.create_connection(("127.0.0.1", mqtt), patient(60)):
            pass

        _guess(plain, https, trusting)

        second = run(command(root), check=False)
        assert second.returncode == 1 and "already running" in second.stderr

        uids = {service.uid for service in services("hub")}
        assert uids <= {USERS["campbox-hub"], USERS["campbox-broker"], USERS["campbox-hubfront"]}
        for secret in (root / "place" / "data" / "hub").rglob("*key*.pem"):
            assert secret.stat().st_mode & 0o007 == 0, secret
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(patient(180)) == 0
    until(lambda: not ours(root), patient(60), "nothing of it runs")
    place = root / "place"
    logs = "".join(path.read_text(errors="replace") for path in (place / "data" / "log").iterdir())
    assert "127.0.0.1" not in logs and PASSWORD not in logs
    assert not any(PASSWORD.encode() in path.read_bytes() for path in place.rglob("*") if path.is_file())


def _guess(plain: int, https: int, trusting: ssl.SSLContext) -> None:
    """H5 and H22: guesses are refused by address, as a proxy of this machine names it and nobody else; the rest goes on."""

    def told(base: str, user: str, said: str, context: ssl.SSLContext | None = None) -> int:
        credentials = base64.b64encode(f"{user}:wrong".encode()).decode()
        request = urllib.request.Request(
            f"{base}/metrics", headers={"Authorization": f"Basic {credentials}", "X-Forwarded-For": said}
        )
        try:
            with urllib.request.urlopen(request, timeout=patient(60), context=context) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    beside_a_proxy = f"http://127.0.0.1:{plain}"
    assert 429 in [told(beside_a_proxy, f"u{n}", "192.0.2.9, 192.0.2.1") for n in range(40)]
    until(
        lambda: told(beside_a_proxy, "somebody", "192.0.2.1, 192.0.2.2") == 401, patient(60), "another address has tries of its own"
    )
    # From elsewhere the header is nobody's word: each of these would be an address of its own.
    assert 429 in [told(f"https://localhost:{https}", f"v{n}", f"192.0.2.{n}", trusting) for n in range(40)]
    assert get(f"{beside_a_proxy}/metrics")[0] == 200, "a right password that was right before is never held up"


def authorised(url: str) -> urllib.request.Request:
    credentials = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    return urllib.request.Request(url, headers={"Authorization": f"Basic {credentials}"})


def test_a_port_in_use_is_named_before_anything_is_made(root: Path) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        (root / "hub.toml").write_text(f'host = "localhost"\nhttps_port = {port}\n')
        ended = run(command(root), check=False)
    assert ended.returncode == 1 and f"port {port}: Address already in use" in ended.stderr
    assert not (root / "place" / "data").exists() and "Traceback" not in ended.stderr
