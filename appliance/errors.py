"""P The error tree. A person sees one line: what is wrong, where, how to mend it."""

from __future__ import annotations

from typing import ClassVar


class CampboxError(Exception):
    """Anything Campbox tells a person about.

    ``what`` is a clause without a full stop, ``where`` a file, line, address or command, ``mend`` what to do next.
    ``exit_code`` is the process exit status of the contract: 1 not so, 2 bad arguments or config, 3 a missing component.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        cure = f"; {self.mend}" if self.mend else ""
        return f"{place}{self.what}{cure}"


class NotSo(CampboxError):
    """The thing asked about is not so (exit 1)."""


class Refused(NotSo):
    """A rule says no: a wrong signature, a used token, a second demo."""


class Unreachable(NotSo):
    """A peer did not answer, or answered nonsense; trying again later may help."""


class CommandFailed(NotSo):
    """A program that was run ended badly; ``what`` carries its last words."""


class BadInput(CampboxError, ValueError):
    """A value from outside does not have the form it must have (exit 2)."""

    exit_code = 2


class ConfigError(BadInput):
    """A configuration file is wrong; ``where`` is ``file:line: key``."""


class MissingComponent(CampboxError):
    """A program, library or kernel feature is not there (exit 3); ``mend`` says how to install it."""

    exit_code = 3
