"""This file knows which database a run goes to, and where its password is: never in what is pickled, shown or kept."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen.errors import BadRequest
from gen.schema.database_address import is_file, parsed, shown, without

PASSWORD_VARIABLE = "GEN_DATABASE_PASSWORD"


@dataclass(frozen=True)
class Address:
    """A database's URL without its password, and where that comes from: a file, the environment, or this process alone.

    Where none of them has one, the driver looks in its own places, as PGPASSWORD and ~/.pgpass. Pickled, it has no
    password: another process finds it again in the file or in its environment.
    """

    url: str
    password_file: str | None = None
    own: str | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, url: str, password_file: str | None = None) -> Address:
        """From what a user gives. Raises BadRequest for what is no URL, or has two passwords."""
        place = parsed(url)
        own = place.password
        if own is not None and password_file is not None:
            raise BadRequest(
                "The URL has a password, and --password-file names another.", hint="Leave it out of the URL."
            )
        if is_file(place):
            if not place.database or place.database == ":memory:":
                raise BadRequest(
                    f"{shown(place)} is in memory, and gone when the run ends.",
                    hint="Name a file: sqlite:///shop.sqlite.",
                )
            place = place.set(database=str(Path(place.database).absolute()))
        if password_file is not None:
            password_file = str(Path(password_file).absolute())
            _read(password_file)
        return cls(place.set(password=None).render_as_string(hide_password=False), password_file, own)

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.url, "password_file": self.password_file, "own": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        return shown(parsed(self.url))

    @property
    def dialect(self) -> str:
        """What kind of database it is, as a URL names it: "postgresql"."""
        return re.split(r"[+:]", self.url, maxsplit=1)[0]

    @property
    def password(self) -> str | None:
        if self.own is not None:
            return self.own
        if self.password_file is not None:
            return _read(self.password_file)
        return os.environ.get(PASSWORD_VARIABLE)

    @property
    def place(self) -> Any:
        """SQLAlchemy's URL with the password, to connect by and for nothing else."""
        place = parsed(self.url)
        return place if is_file(place) else place.set(password=self.password)

    @property
    def file(self) -> Path | None:
        """Where the database is, if it is a file of this machine."""
        place = parsed(self.url)
        return Path(place.database) if is_file(place) else None

    def hidden(self, text: str) -> str:
        """A text, as a driver's message, without what is secret."""
        return without(self.place, text)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadRequest(
            f"--password-file {path} cannot be read: {why}.", hint="Name a file that holds the password, and no more."
        ) from None
