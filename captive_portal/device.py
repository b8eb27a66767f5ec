"""P What the gate says about the phone that asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from appliance.errors import Unreachable

State = Literal["captive", "admitted", "grace"]
UplinkState = Literal["up", "down"]
Reason = Literal["equal", "alone", "captive", "uplink-down"]


@dataclass(frozen=True)
class Share:
    """What this phone's person may count on (bit/s), among how many active people, and why."""

    down_bps: int
    up_bps: int
    active_people: int
    reason: Reason


@dataclass(frozen=True)
class Quota:
    """The volume of a day (bytes): the whole, what this phone's person has left of it, and seconds until it begins anew."""

    whole: int
    left: int
    renews: int


@dataclass(frozen=True)
class Device:
    """One phone, as the box knows it. ``seconds_remaining`` is None where nothing ends; ``code``: its person has taken one;
    ``quota`` is None where the site gives everyone as much as their share carries."""

    state: State
    seconds_remaining: int | None
    bytes_down: int
    bytes_up: int
    uplink: UplinkState
    share: Share
    code: bool = False
    quota: Quota | None = None

    @property
    def used_up(self) -> bool:
        """Has it to wait for the next day's volume?"""
        return self.quota is not None and self.quota.left <= 0

    @property
    def online(self) -> bool:
        """May it pass to the internet (when there is one)?"""
        return self.state != "captive"


def from_answer(answer: Mapping[str, Any]) -> Device:
    """The gate's answer to ``status``. Raises Unreachable when it is not one."""
    try:
        if answer["ok"] is not True:
            raise ValueError("refused")
        share = answer["share"]
        left = answer["seconds_remaining"]
        return Device(
            state=cast(State, _one_of(State, answer["state"])),
            seconds_remaining=None if left is None else int(left),
            bytes_down=int(answer["bytes_down"]),
            bytes_up=int(answer["bytes_up"]),
            uplink=cast(UplinkState, _one_of(UplinkState, answer["uplink"])),
            share=Share(
                int(share["down_bps"]),
                int(share["up_bps"]),
                int(share["active_people"]),
                cast(Reason, _one_of(Reason, share["reason"])),
            ),
            code=answer.get("code") is True,
            quota=_quota(answer.get("quota")),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Unreachable("the gate says nothing about this device", where="gate.sock") from error


def _quota(told: Any) -> Quota | None:
    if told is None:
        return None
    return Quota(int(told["bytes"]), int(told["bytes_remaining"]), int(told["renews_seconds"]))


def _one_of(kind: Any, value: Any) -> Any:
    if value not in get_args(kind):
        raise ValueError("unknown word")
    return value
