"""Who acts. Until there is a sign-in it is the operating-system user, with the role that settings give."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from enum import StrEnum

from cloud.settings import Settings


class Role(StrEnum):
    """What a person is trusted with; each may do what those before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, with the role in force."""

    name: str
    role: Role
    subject: str = ""
    """Whom the operating system knows, such as `ana#1000`; no variable changes it. Empty where nobody was asked."""

    @property
    def person(self) -> str:
        """What tells two people apart."""
        return self.subject or self.name


def local_actor(settings: Settings) -> Actor:
    """Give the person at this machine. A user number without a name is named by the number."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "unknown user"
    return Actor(name, Role(settings.role_name), _subject(name))


def _subject(name: str) -> str:
    """Name the operating-system user by number and the name that the system has for it."""
    try:
        import pwd  # not on Windows
    except ImportError:
        return name
    number = os.getuid()
    try:
        return f"{pwd.getpwuid(number).pw_name}#{number}"
    except KeyError:
        return f"#{number}"
