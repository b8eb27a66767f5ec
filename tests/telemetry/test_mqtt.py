"""The connection to the hub: what paho does not survive by itself."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import MQTTErrorCode

from appliance.errors import NotSo
from telemetry import mqtt
from telemetry.mqtt import Endpoint, MqttLink


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> MqttLink:
    monkeypatch.setattr(paho.Client, "tls_set", lambda *_, **__: None)
    return MqttLink("north-1", Endpoint("hub.example.org", 8883, Path()), b"gone")


@pytest.mark.parametrize(
    "fault", [OverflowError("port must be 0-65535"), UnicodeError("label too long"), MemoryError(), KeyError(1)]
)
def test_r7_no_fault_ends_the_connections_thread_for_good(
    link: MqttLink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    faults, pauses = [fault] * 3, list[float]()

    def forever(self: Any, timeout: float, retry: bool) -> MQTTErrorCode:
        assert (timeout, retry) == (mqtt.PAUSE, True)
        if faults:
            raise faults.pop()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    monkeypatch.setattr(paho.Client, "loop_forever", forever)
    monkeypatch.setattr(mqtt.time, "sleep", pauses.append)
    assert link._client.loop_forever(retry_first_connection=True) == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert len(pauses) == 3 and max(pauses) <= mqtt.PAUSE and "the connection to the hub failed" in caplog.text


def test_r7_a_thread_that_the_kernel_refuses_is_said_in_one_line(link: MqttLink, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(paho, "_socketpair_compat", lambda: (None, None))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(NotSo, match="cannot be called: can't start new thread"):
        link.start()


@pytest.mark.parametrize(("host", "port"), [("", 8883), ("hub.example.org", 0), ("hub.example.org", -1)])
def test_r5_an_address_that_is_none_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, host: str, port: int) -> None:
    monkeypatch.setattr(paho.Client, "tls_set", lambda *_, **__: None)
    with pytest.raises(NotSo, match="cannot be called"):
        MqttLink("north-1", Endpoint(host, port, Path()), b"gone").start()
