"""A proxy on loopback between gen and a real server, that cuts connections, stalls and refuses where a test says so.

It reads as much of the protocols as tells a COMMIT from all else: PostgreSQL's messages and MySQL's packets both have
their length in front, and neither is encrypted here.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from program import wait_until
from servers import free_port

_BYTES = 2**16


@dataclass
class Fault:
    """A connection that is to be cut, once. strikes: told the statements a client sends, and how many bytes all in all.

    sent: whether that at which it strikes is sent on. answered: whether the server answers it before the cut.
    """

    strikes: Callable[[bytes, int], bool]
    sent: bool = False
    answered: bool = False
    fired: threading.Event = field(default_factory=threading.Event)


class _Statements:
    """The statements that a client sends, found in its bytes as they come."""

    def __init__(self, is_mysql: bool) -> None:
        self.is_mysql = is_mysql
        self.rest = b""
        self.started = is_mysql  # PostgreSQL's first message has no letter in front

    def read(self, data: bytes) -> Iterator[bytes]:
        self.rest += data
        while len(self.rest) >= 5:
            if self.is_mysql:  # three bytes of length, a number, and then a letter of its own: 3 is a query
                end = 4 + int.from_bytes(self.rest[:3], "little")
                is_query = self.rest[3:5] == b"\0\x03"
                start = 5
            else:
                start = 5 if self.started else 4
                end = start - 4 + struct.unpack("!I", self.rest[start - 4 : start])[0]
                is_query = self.started and self.rest[:1] in (b"Q", b"P")
            if len(self.rest) < end:
                return
            if is_query:
                yield self.rest[start:end]
            self.started, self.rest = True, self.rest[end:]


class Proxy:
    """Forwards to the server of a URL; `url` is its own."""

    def __init__(self, url: str) -> None:
        place = sa.make_url(url)
        self.is_mysql = place.get_backend_name() == "mysql"
        self.server = (str(place.host), int(place.port or 0))
        self.port = free_port()
        query = {} if self.is_mysql else {"sslmode": "disable"}
        here = place.set(host="127.0.0.1", port=self.port).update_query_dict(query)
        self.url = here.render_as_string(hide_password=False)
        self.fault: Fault | None = None
        self.accepted = self.refused = 0
        self.flowing = threading.Event()
        self.flowing.set()
        self._unanswered: socket.socket | None = None  # whose next answer nobody is to hear
        self._answered = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener: socket.socket | None = None
        self.listen()

    # -- what a test commands ---------------------------------------------------------------------------------

    def cut(self) -> int:
        """Cut all connections; returns how many there were."""
        pairs, self._pairs = self._pairs, []
        for each in (one for pair in pairs for one in pair):
            _end(each)
        return len(pairs)

    def cut_after(self, count: int) -> Fault:
        """Cut a connection when its client has sent so many bytes, and forward what lies before."""
        return self._set(Fault(lambda said, sent: sent >= count, sent=True))

    def cut_at(self, words: bytes, *, done: bool, after: bytes = b"") -> Fault:
        """Cut the connection whose client sends these words, after others: the server has done it, or never hears."""
        said_before: list[bytes] = [] if after else [after]

        def strikes(said: bytes, sent: int) -> bool:
            if not said_before:
                said_before.extend([after] if after in said else [])
                return False
            return words in said

        return self._set(Fault(strikes, sent=done, answered=done))

    def stop_listening(self) -> None:
        """Refuse new connections."""
        if self._listener is not None:
            _end(self._listener)
            self._listener = None

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stall(self) -> None:
        """Forward nothing, until `flowing` is set."""
        self.flowing.clear()

    def close(self) -> None:
        self.flowing.set()
        self.stop_listening()
        self.cut()

    # -- what it does -----------------------------------------------------------------------------------------

    def _set(self, fault: Fault) -> Fault:
        self.fault = fault
        return fault

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # it listens no more
            self.accepted += 1
            try:
                server = socket.create_connection(self.server, 5)
            except OSError:
                self.refused += 1
                _end(client)
                continue
            server.settimeout(None)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs.append((client, server))
            threading.Thread(target=self._from_client, args=(client, server), daemon=True).start()
            threading.Thread(target=self._from_server, args=(client, server), daemon=True).start()

    def _from_client(self, client: socket.socket, server: socket.socket) -> None:
        statements, sent = _Statements(self.is_mysql), 0
        with suppress(OSError):
            while data := client.recv(_BYTES):
                self.flowing.wait()
                sent += len(data)
                said = b";".join(statements.read(data))
                fault = self.fault
                if fault is not None and not fault.fired.is_set() and fault.strikes(said, sent):
                    self.fault = None
                    self._strike(fault, data, client, server)
                    return
                server.sendall(data)
        _end(client)
        _end(server)

    def _strike(self, fault: Fault, data: bytes, client: socket.socket, server: socket.socket) -> None:
        """Cut a connection; where its last words are to be answered, when the server has begun to."""
        if fault.answered:
            self._unanswered = client
        if fault.sent:
            server.sendall(data)
        if fault.answered:
            assert self._answered.wait(10), "the server never answered"
        _end(client)
        _end(server)
        fault.fired.set()

    def _from_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(_BYTES):
                self.flowing.wait()
                if self._unanswered is client:
                    self._unanswered = None
                    self._answered.set()
                    return  # what it says now nobody hears
                client.sendall(data)
        _end(client)
        _end(server)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxied(url: str) -> Iterator[Proxy]:
    """A proxy of the server of a URL."""
    proxy = Proxy(url)
    try:
        yield proxy
    finally:
        proxy.close()


def fired(fault: Fault) -> bool:
    """Whether it happened, or happens soon."""
    return bool(wait_until(fault.fired.is_set, "the fault of the proxy", 20))
