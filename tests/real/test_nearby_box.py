"""A neighbour box on the uplink's side, with the real gate and the real front: it gets the signed catalogue, a stranger nothing."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from appliance import config as site
from appliance.gate.nearby import NEARBY_HTTP
from appliance.prepare import write_configuration
from appliance.services import SERVICES, USERS
from appliance.supervisor import Supervisor
from provisioning.lab.pace import patient
from tests.real.gate_camp import NET4, NET6, Camp, inside, reaches, until
from tests.real.gate_place import Place

pytestmark = [pytest.mark.net]
UPLINK4, UPLINK6 = "203.0.113.2", "2001:db8:1::2"
NEAR4, NEAR6 = "203.0.113.12", "2001:db8:1::12"
FILE = "/repository/metadata/timestamp.json"
BOTH = pytest.mark.parametrize(
    ("box", "neighbour", "stranger"), [(UPLINK4, NEAR4, NET4), (UPLINK6, NEAR6, NET6)], ids=["IPv4", "IPv6"]
)
SHORT = 1.0
"""Seconds after which what is dropped counts as nothing: what is let in answers much sooner, and was seen to."""


@pytest.fixture(scope="module")
def camp() -> Iterator[Camp]:
    with ExitStack() as stack:
        made = Camp("nearby", phones=1)
        stack.callback(made.close)
        made.text = made.text.replace("[catalogue]\n", f'[catalogue]\nneighbours = ["{NEAR4}", "{NEAR6}", "box.camp.internal"]\n')
        made.config = site.parse(made.text)
        for address in (f"{NEAR4}/24", f"{NEAR6}/64"):
            made.net.run("ip", "address", "add", address, "dev", "line", *(["nodad"] if ":" in address else []))
        made.plug_in_first()
        place = Place(made, "campbox-test-nearby")
        stack.callback(place.close)
        place.start()
        made.plug_in()
        _publish(place)
        front = Supervisor(
            [one for one in SERVICES if one.name == "nginx"], place.layout, python=sys.executable, enter=made.box.enter
        )
        front.prepare()
        write_configuration("campbox.files", made.config, place.layout)
        front.start()
        stack.callback(front.stop)
        assert reaches(made.net, UPLINK4) and reaches(made.net, UPLINK6)
        assert until(lambda: get(made, UPLINK4, NEAR4, FILE) == 200) and until(lambda: get(made, UPLINK6, NEAR6, FILE) == 200)
        yield made


def _publish(place: Place) -> None:
    content, uid = place.layout.service_data("content"), USERS["campbox-content"]
    file = content / "repository" / "metadata" / "timestamp.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"signed": 1}')
    for path in (content, content / "repository", file.parent, file):
        os.chown(path, uid, uid)


def get(
    camp: Camp, box: str, source: str, path: str, *, host: str = "", port: int = 80, patience: float = patient(5.0)
) -> int | None:
    """The status that who has the address ``source`` on the uplink's side gets; None when nothing answers."""
    with inside(camp.net.name):
        connection = http.client.HTTPConnection(box, port, timeout=patience, source_address=(source, 0))
        try:
            connection.request("GET", path, headers={"Host": host} if host else {})
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()


@BOTH
def test_a_neighbour_gets_the_repository_and_nothing_else(camp: Camp, box: str, neighbour: str, stranger: str) -> None:
    assert get(camp, box, neighbour, FILE) == 200
    pages = ("/", "/en/", "/en/services", "/hsds/services", "/status.json", "/api/captive", "/static/style.css", "/resting")
    for path in (*pages, "/generate_204", "/repository/../sync.json"):
        for host in ("", "camp.internal", "10.44.0.1", "connectivitycheck.gstatic.com"):
            assert get(camp, box, neighbour, path, host=host) in (400, 404), (path, host)


@BOTH
def test_a_stranger_on_the_uplink_gets_nothing(camp: Camp, box: str, neighbour: str, stranger: str) -> None:
    for port in (80, NEARBY_HTTP):
        assert get(camp, box, stranger, FILE, port=port, patience=SHORT) is None, port


@BOTH
def test_other_ports_of_the_box_stay_closed_to_a_neighbour(camp: Camp, box: str, neighbour: str, stranger: str) -> None:
    for port in (443, 8081, NEARBY_HTTP):
        assert get(camp, box, neighbour, FILE, port=port, patience=SHORT) is None, port


def test_a_phone_does_not_come_in_by_the_neighbours_door(camp: Camp) -> None:
    with inside(camp.phones[0].name):
        connection = http.client.HTTPConnection("10.44.0.1", NEARBY_HTTP, timeout=SHORT)
        with pytest.raises(OSError):
            connection.request("GET", FILE)
        connection.close()
