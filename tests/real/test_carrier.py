"""The carrier against a real nginx: it goes on at the byte, notices another file under the name, and keeps one connection."""

from __future__ import annotations

import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import Unreachable
from appliance.run import find_program, spawn
from content_cache.carrier import LOWER_EFFORT, Web
from content_cache.download import Download
from content_cache.part_file import PartFile
from provisioning.lab.pace import patient
from tests.content_cache.carried import address, signed
from tests.real.running_camp import until

pytestmark = pytest.mark.net
CONTENT = random.Random(7).randbytes(100_000)
FILE = signed(CONTENT, piece=32_768)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, int]]:
    """nginx with a folder; its port. What it serves below /slow/ comes at 200 kB a second."""
    with tempfile.TemporaryDirectory(prefix="campbox-carrier-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "targets").mkdir()
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f'{kind}_temp_path "{folder}/{kind}"; ' for kind in kinds)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (folder / "nginx.conf").write_text(
            f'pid "{folder}/pid"; worker_processes 1; error_log stderr crit; events {{ worker_connections 64; }}\n'
            f"http {{ {temporary}access_log off;\n"
            f'server {{ listen 127.0.0.1:{port}; root "{folder}";\n'
            f'location /slow/ {{ alias "{folder}/"; limit_rate 200k; }} }} }}\n'
        )
        argv = [find_program("nginx"), "-c", f"{folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"]
        nginx = spawn(argv)
        try:
            until(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), patient(60), "nginx serves")
            yield folder, port
        finally:
            nginx.terminate()
            nginx.wait(patient(60))


class Counted:
    """Bytes that came; at a limit the line is pulled."""

    def __init__(self, limit: int = 10**9) -> None:
        self.octets, self.limit = 0, limit

    def __call__(self, octets: int) -> None:
        self.octets += octets
        if self.octets > self.limit:
            raise Unreachable("the line was pulled")


def _put(folder: Path, content: bytes) -> None:
    (folder / address(FILE)).write_bytes(content)


def _first_part(parts: Path, port: int, limit: int) -> int:
    with pytest.raises(Unreachable):
        Download(parts, FILE, sleep=lambda seconds: None).run([Web(f"http://127.0.0.1:{port}/slow/", None, told=Counted(limit))])
    return PartFile(parts, FILE).look().length


def test_it_goes_on_at_the_byte(server: tuple[Path, int], tmp_path: Path) -> None:
    folder, port = server
    _put(folder, CONTENT)
    have = _first_part(tmp_path, port, 60_000)
    assert 0 < have < len(CONTENT)
    counted = Counted()
    assert Download(tmp_path, FILE).run([Web(f"http://127.0.0.1:{port}/slow/", None, told=counted)]) == CONTENT
    assert len(CONTENT) - have <= counted.octets < len(CONTENT) - have + 10_000


def test_another_file_under_the_name_is_noticed_by_if_range_and_not_mixed_in(server: tuple[Path, int], tmp_path: Path) -> None:
    folder, port = server
    _put(folder, CONTENT[::-1])
    (folder / address(FILE)).write_bytes(CONTENT)
    have = _first_part(tmp_path, port, 60_000)
    os.utime(folder / address(FILE), (1, 1))
    counted = Counted()
    assert Download(tmp_path, FILE).run([Web(f"http://127.0.0.1:{port}/slow/", None, told=counted)]) == CONTENT
    assert counted.octets > len(CONTENT) > have  # it was sent whole, and listened to from where we were


def test_one_connection_serves_all_questions_and_yields_to_all_others(server: tuple[Path, int]) -> None:
    folder, port = server
    _put(folder, CONTENT)
    (folder / "small.json").write_bytes(b"{}")
    web = Web(f"http://127.0.0.1:{port}/", None)
    used = set[int]()
    for path, status in (("small.json", 200), ("nothing.json", 404), (address(FILE), 200), ("small.json", 200)):
        with web.get(path, {}) as answer:
            assert answer.status == status
            b"".join(answer.body)
            assert web._connection is not None
            used.add(web._connection.sock.getsockname()[1])
            assert web._connection.sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == LOWER_EFFORT
    assert len(used) == 1
    web.close()


def test_a_server_that_closed_the_connection_meanwhile_is_asked_again(server: tuple[Path, int]) -> None:
    folder, port = server
    (folder / "small.json").write_bytes(b"{}")
    web = Web(f"http://127.0.0.1:{port}/", None)
    with web.get("small.json", {}) as answer:
        b"".join(answer.body)
    assert web._connection is not None
    web._connection.sock.shutdown(socket.SHUT_RDWR)
    with web.get("small.json", {}) as answer:
        assert b"".join(answer.body) == b"{}"
    web.close()
