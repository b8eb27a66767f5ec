"""W The service table as supervised processes: the demo and ``box up`` run this, a Pi runs the same table as units."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance import backoff, folders, progress, rereading, service_log
from appliance.errors import CampboxError, NotSo
from appliance.headway import Headway
from appliance.layout import Layout
from appliance.run import PARTS, find_program, spawn
from appliance.services import USERS, Service

log = logging.getLogger(__name__)
LOG_LIMIT = service_log.LIMIT


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[Any] | None = None
    started: float = 0.0
    due: float = 0.0
    wait: float = 0.0
    starts: int = 0
    woken: int = 0
    read: bytes = b""
    look: float = 0.0
    refused: str = ""
    finished: bool = field(default=False)


class Supervisor:
    """Starts services in order, keeps them running, stops them in reverse.

    A start that the kernel refuses (no process, no memory, no room) is one failed start: it is tried again, later each time.
    ``enter`` is put before every command (``ip netns exec NAME`` in the demo). Nothing here forks outside ``start`` and
    ``tick``; the caller calls ``tick`` at least every 0.2 s.
    """

    def __init__(
        self,
        table: Sequence[Service],
        layout: Layout,
        *,
        python: str,
        enter: Sequence[str] = (),
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.layout, self.python, self.enter, self.on_change = layout, python, tuple(enter), on_change
        self.children = {service.name: _Child(service) for service in table}

    def prepare(self) -> None:
        """Make every folder with its owner; clear away what was half written. Run as root, before ``start``. Raises NotSo."""
        folders.prepare(self.layout, [child.service for child in self.children.values()])

    def start(self, timeout: float = 60.0) -> None:
        """Start everything in order; each waits for what it needs. Raises NotSo naming the service that is not ready.

        ``timeout``: seconds after which one that ended, or does nothing, is given up; one that works may take longer (headway.py).
        """
        for child in self.children.values():
            if child.service.kind == "oneshot":
                self._run_once(child, timeout)
                continue
            self._try_launch(child)
            if child.service.ready is not None:
                self._await(child, timeout)

    def start_shown(self) -> None:
        """``start``, counted on the terminal where there is one."""
        with progress.line() as say:
            self.on_change = lambda: say(f"starting {len(self.pids())} of {len(self.children)}")
            try:
                self.start()
            finally:
                self.on_change = lambda: None

    def tick(self) -> None:
        """Notice what ended and start again what is due; what ``start`` has not come to yet is left to it."""
        now = time.monotonic()
        for child in self.children.values():
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, now)
            elif child.process is not None:
                service_log.bound(self._log(child.service))
                self._tell_what_changed(child, now)
            if child.process is None and child.starts and not child.finished and self._is_due(child, now):
                with contextlib.suppress(CampboxError):  # said already; its program may be back the next time
                    self._try_launch(child)

    def run_now(self, name: str) -> None:
        """Make a timer due at once."""
        self.children[name].due = 0.0

    def pids(self) -> dict[str, int]:
        """Name -> process id of what runs now."""
        return {name: c.process.pid for name, c in self.children.items() if c.process is not None and c.process.poll() is None}

    def stop(self, grace: float = 5.0) -> None:
        """Ask everything to end, in reverse order, and insist after ``grace`` seconds."""
        running = [c for c in reversed(self.children.values()) if c.process is not None]
        for child in running:
            child.finished = True
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + grace
        for child in running:
            assert child.process is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            _signal(child, signal.SIGKILL)
            child.process.wait()
            child.process = None

    def command(self, service: Service) -> list[str]:
        """The whole command line: enter the place, become the service's user with its capabilities, run."""
        argv = service.argv(self.layout, self.python)
        groups = ",".join(str(USERS[user]) for user in service.groups)
        capabilities = ",".join(f"+{name.removeprefix('CAP_').lower()}" for name in service.capabilities)
        return [
            *self.enter, *(["nice", "-n", str(service.nice)] if service.nice else []),
            "setpriv", f"--reuid={service.uid}", f"--regid={service.uid}",
            *([f"--groups={groups}"] if groups else ["--clear-groups"]),
            "--no-new-privs", f"--bounding-set=-all{',' + capabilities if capabilities else ''}",
            f"--inh-caps=-all{',' + capabilities if capabilities else ''}",
            f"--ambient-caps=-all{',' + capabilities if capabilities else ''}",
            "--", self._seen(find_program(argv[0])), *argv[1:],
        ]  # fmt: skip

    def _seen(self, path: str) -> str:
        """A path of the project as services see it: in the demo they cannot enter the home that the clone stands in."""
        project = f"{PARTS.parent}/"
        return f"{self.layout.code}/{path.removeprefix(project)}" if path.startswith(project) else path

    def environment(self, service: Service) -> dict[str, str]:
        """What a service finds in its environment: nothing of the caller's but what is named here."""
        home = self.layout.service_data(service.owns[0]) if service.owns else self.layout.service_run(service.name)
        return {
            **{name: value for name, value in os.environ.items() if name.startswith("CAMPBOX_TELEMETRY_")},
            **self.layout.environment(),
            "CAMPBOX_SERVICE": service.name,
            "HOME": str(home),
            "TMPDIR": str(self.layout.service_run(service.name)),
            "PATH": f"/usr/sbin:/usr/bin:/sbin:/bin:{self._seen(str(PARTS))}/usr/sbin:{self._seen(str(PARTS))}/usr/bin",
            "PYTHONPATH": str(self.layout.code),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "LANG": "C.UTF-8",
        }

    def _is_due(self, child: _Child, now: float) -> bool:
        # A start that was refused waits for its time, whoever wakes it.
        return child.due <= now or not child.refused and self._is_woken(child)

    def _is_woken(self, child: _Child) -> bool:
        return child.service.wakes is not None and self._woken(child.service) != child.woken

    def _woken(self, service: Service) -> int:
        """When the file that wakes a timer was last replaced; 0 while it is not there."""
        path = service.wakes_path(self.layout)
        try:
            return 0 if path is None else os.stat(path).st_mtime_ns
        except OSError:
            return 0

    def _log(self, service: Service) -> Path:
        return self.layout.log / f"{service.name}.log"

    def _try_launch(self, child: _Child) -> None:
        """Start it. If the kernel refuses, say so and try again later. Raises MissingComponent when its program is not there."""
        began, refused = time.monotonic(), child.refused
        try:
            self._launch(child)
            child.refused = ""
        except OSError as error:
            child.refused = error.strerror or type(error).__name__
        except CampboxError as error:
            child.refused = error.what
            raise
        finally:
            child.started, child.starts = began, child.starts + 1
            if child.refused:
                child.wait = backoff.next_wait(child.wait, 0.0)
                child.due = began + child.wait
            if child.refused and child.refused != refused:
                log.error("%s cannot be started: %s; it is tried again", child.service.name, child.refused)
        self.on_change()

    def _launch(self, child: _Child) -> None:
        service = child.service
        child.woken, child.look = self._woken(service), time.monotonic() + rereading.PACE
        child.read = rereading.content(service.rereads_paths(self.layout))
        ready = service.ready_path(self.layout)
        if ready is not None:
            Path(ready).unlink(missing_ok=True)
        with service_log.begin(self._log(service)) as output:
            child.process = spawn(
                self.command(service),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.layout.service_run(service.name),
                env=self.environment(service),
                start_new_session=True,
            )

    def _tell_what_changed(self, child: _Child, now: float) -> None:
        """Make a service read anew what has an end date, once its content has changed."""
        service, ready = child.service, child.service.ready_path(self.layout)
        if not service.rereads or now < child.look or (ready is not None and not Path(ready).exists()):
            return
        child.look = now + rereading.PACE
        content = rereading.content(service.rereads_paths(self.layout))
        if content != child.read and child.process is not None:
            child.read = content
            log.info("%s reads its certificates anew", service.name)
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(signal.Signals[f"SIG{service.rereads_at}"])

    def _ended(self, child: _Child, now: float) -> None:
        assert child.process is not None
        code, child.process = child.process.returncode, None
        if child.service.kind == "timer" and code == 0:
            child.wait, child.due = 0.0, child.started + child.service.every
            return
        child.wait = backoff.next_wait(child.wait, now - child.started)
        child.due = now + child.wait
        log.warning("%s ended with %s; again in %.1f s", child.service.name, code, child.wait)

    def _run_once(self, child: _Child, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        self._try_launch(child)
        while child.process is None and time.monotonic() < deadline:
            self.tick()
            time.sleep(0.02)
        child.finished = True
        if child.process is None:
            raise self._not_ready(child.service, f"cannot be started: {child.refused}")
        headway, code = Headway(timeout, time.monotonic()), child.process.poll()
        while code is None and not headway.is_over(child.process.pid, time.monotonic()):
            time.sleep(0.02)
            code = child.process.poll()
        _signal(child, signal.SIGKILL)
        child.process.wait()
        child.process = None
        if code != 0:
            raise self._not_ready(child.service, f"ended with {f'nothing for {timeout:.0f} s' if code is None else code}")

    def _await(self, child: _Child, timeout: float) -> None:
        path, headway, first = Path(child.service.ready_path(self.layout) or ""), Headway(timeout, time.monotonic()), child.starts
        while not path.exists():
            # One that ended and was started again has not got on, however much it does.
            pid = child.process.pid if child.process is not None and child.starts == first else None
            if headway.is_over(pid, time.monotonic()):
                raise self._not_ready(child.service, f"cannot be started: {child.refused}" if child.refused else "is not ready")
            self.tick()
            time.sleep(0.02)

    def _not_ready(self, service: Service, problem: str) -> NotSo:
        path = self._log(service)
        try:
            lines = path.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return NotSo(f"{service.name} {problem}: {lines[-1] if lines else 'it said nothing'}", where=str(path), mend="read its log")


def _signal(child: _Child, number: signal.Signals) -> None:
    if child.process is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, number)
