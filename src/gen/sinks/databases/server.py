"""This file knows connections to a database: one for each process, made again when it is lost, waited for when away."""

from __future__ import annotations

import random
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from gen.errors import BadRequest, GenError, RunError, TargetError, TargetFull
from gen.schema.database_address import said_by
from gen.sinks.databases.address import Address
from gen.sinks.databases.dialect import Dialect, Meaning
from gen.sinks.databases.session import Session

START_SECONDS = 10  # that a server has to answer before a run begins
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0  # seconds between attempts; each is twice the one before
LOST = 30  # connections, or races with other transactions, that one action may lose

Result = TypeVar("Result")


_open: dict[tuple[str, str | None, int], Session] = {}  # of this process, by address and thread


class Server:
    """A database, as a run talks to it. Picklable; each process has a connection of its own.

    patience: the seconds that a run which has begun waits for a server that is away.
    """

    def __init__(self, address: Address, dialect: Dialect, patience: float) -> None:
        self.address = address
        self.dialect = dialect
        self.patience = patience
        self.begun = False  # whether the run is under way: then a server that is away is waited for

    def __str__(self) -> str:
        return str(self.address)

    def ask(
        self, action: Callable[[Session], Result], locked: Callable[[Session], None] = lambda session: None
    ) -> Result:
        """What an action gives. It is run again where that may help, so it must be a transaction, or harmless.

        locked: what to do where it waited in vain for another's lock, before it is run again. Raises TargetError
        before a run has begun, and RunError, or TargetFull, in it.
        """
        seconds = self.patience if self.begun else min(START_SECONDS, self.patience)
        waiting, lost, is_locked = _Waiting(seconds), 0, False
        while True:
            session: Session | None = None
            try:
                session = self.session()
                if is_locked:
                    is_locked = False
                    locked(session)
                return action(session)
            except GenError:
                self.leave()
                raise
            except Exception as error:  # noqa: BLE001 - whatever drivers raise; what it means is asked below
                meaning = self.dialect.meaning(error)
                if meaning is Meaning.LOCKED:
                    is_locked = True
                    continue
                self.leave()
                if self._had_answered(session, meaning) and lost < LOST:
                    waiting, lost = _Waiting(seconds), lost + 1
                if meaning is Meaning.WRONG or meaning is Meaning.FULL or lost >= LOST or not waiting.pause():
                    raise self._refusal(error, meaning, seconds) from None

    def _had_answered(self, session: Session | None, meaning: Meaning) -> bool:
        """Whether it was there before an error. A file that another process has to itself is opened all the same."""
        if session is None or meaning not in (Meaning.AWAY, Meaning.AGAIN):
            return False
        return meaning is Meaning.AGAIN or not self.dialect.capabilities.single_writer

    def session(self) -> Session:
        """This process's connection, made if there is none."""
        key = self._key
        if key not in _open:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of versions that SQLAlchemy does not know yet
                _open[key] = self.dialect.connect(self.address.place)
        return _open[key]

    def leave(self) -> None:
        """Close this process's connection: what it had begun is rolled back."""
        found = _open.pop(self._key, None)
        if found is not None:
            found.close()

    @property
    def _key(self) -> tuple[str, str | None, int]:
        return self.address.url, self.address.password_file, threading.get_ident()

    def _refusal(self, error: Exception, meaning: Meaning, seconds: float) -> GenError:
        """What a user is told of an error that cannot be waited out; nothing secret is in it."""
        refusal = RunError if self.begun else TargetError
        said = self.address.hidden(said_by(error))
        if meaning is Meaning.FULL:
            return TargetFull(f"{self}: the server has no room: {said}", hint="Make room; the same command resumes.")
        if meaning is Meaning.AWAY:
            resumes = "The same command resumes; --wait says how long a server is waited for."
            hint = resumes if self.begun else "Check the address, and that the server runs."
            return refusal(f"{self} does not answer within {seconds:g} seconds: {said}", hint=hint)
        if isinstance(error, ModuleNotFoundError):
            return BadRequest(
                f"{self} needs the driver {str(error.name).partition('.')[0]}, which is not installed.",
                hint=f"Install it: pip install 'gen[{self.dialect.extra}]'",
            )
        hint = "The same command resumes, once that is mended." if self.begun else ""
        return refusal(f"{self}: {said}", hint=hint)


@contextmanager
def left_at_end() -> Iterator[None]:
    """What this thread connects to is left when it is done, however it ends."""
    try:
        yield
    finally:
        for key in [key for key in _open if key[2] == threading.get_ident()]:
            _open.pop(key).close()


class _Waiting:
    """Pauses that grow, until so many seconds have gone by since the first."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.since: float | None = None
        self.next = FIRST_PAUSE

    def pause(self) -> bool:
        """Wait a while; False where the time is up."""
        now = time.monotonic()
        if self.since is None:
            self.since = now
        left = self.since + self.seconds - now
        if left <= 0:
            return False
        time.sleep(min(random.uniform(self.next / 2, self.next), left))
        self.next = min(2 * self.next, LONGEST_PAUSE)
        return True
