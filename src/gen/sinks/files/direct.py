"""This file knows how to write a large file past the page cache, where the file system lets it.

Written through the cache, a file is copied there, and its pages are found, dirtied and written back: up to a nanosecond
a byte of processor time, as much as encoding costs. Written directly, the disk takes it from an aligned buffer.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

BUFFER = 4 * 2**20
AHEAD = 8  # buffers that may wait for the disk: it is not equally fast all the time
ALIGNED = 4096  # a multiple of every common block size

_REFUSED = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTTY)


class DirectFile(io.RawIOBase):
    """A new file for sequential writing; `close` synchronises it. Falls back to the cache where direct is refused.

    One buffer fills while a thread writes those before it, so that the caller computes while the disk works.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            self._buffer = _take_buffer()
            self._descriptor, self._direct = _open(path)
        except OSError:
            super().close()  # there is nothing to close when this object goes
            raise
        self._used = 0
        self._written = 0
        self._thread = ThreadPoolExecutor(1)
        self._pending: deque[tuple[Future[None], mmap.mmap]] = deque()
        self._error: OSError | None = None  # of the first write that failed; nothing is written after it

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written + self._used

    def write(self, data: object) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        size = len(view)
        at = 0
        while at < size:
            n = min(size - at, BUFFER - self._used)
            self._buffer[self._used : self._used + n] = view[at : at + n]
            self._used += n
            at += n
            if self._used == BUFFER:
                self._flush_all(BUFFER)
        return size

    def _flush_all(self, size: int) -> None:
        """Hand the buffer's first bytes to the thread; `size` is a multiple of ALIGNED when writing directly."""
        self._wait(AHEAD - 1)
        full, self._buffer = self._buffer, _take_buffer()  # at no moment is one buffer both written and filled
        self._written += self._used
        self._used = 0
        self._pending.append((self._thread.submit(self._write_all, full, size), full))

    def _wait(self, left: int) -> None:
        """Wait until no more than so many writes are under way; raises what one raised."""
        while len(self._pending) > left:
            future, buffer = self._pending.popleft()
            future.result()
            _give_back(buffer)

    def _write_all(self, buffer: mmap.mmap, size: int) -> None:
        """In the thread: write the buffer's first bytes, or raise what an earlier write raised."""
        if self._error is not None:
            raise self._error
        done = 0
        try:
            with memoryview(buffer) as view:
                while done < size:
                    done += self._write_some(view[done:size])
        except OSError as error:
            self._error = error
            raise

    def _write_some(self, view: memoryview) -> int:
        try:
            return os.write(self._descriptor, view)
        except OSError as error:
            if not self._direct or error.errno not in _REFUSED:
                raise
            self._direct = False
            _clear_direct(self._descriptor)
            return os.write(self._descriptor, view)

    def close(self) -> None:
        """Write what is left and wait until all is on the disk. After a write that failed, raise its error again."""
        if self.closed:
            return
        try:
            end = self.tell()
            if self._used:
                self._flush_all(-(-self._used // ALIGNED) * ALIGNED if self._direct else self._used)
            self._wait(0)
            os.ftruncate(self._descriptor, end)
            os.fsync(self._descriptor)
            _give_back(self._buffer)
        finally:
            self._thread.shutdown()
            os.close(self._descriptor)
            super().close()


_spare: list[mmap.mmap] = []  # of this process, from one file to the next: their pages are faulted in but once


def _give_back(buffer: mmap.mmap) -> None:
    """Keep a buffer that nothing writes any more for the next file; no more than one file needs."""
    if len(_spare) <= AHEAD:
        _spare.append(buffer)


def _take_buffer() -> mmap.mmap:
    """BUFFER bytes of memory, aligned to pages."""
    try:
        return _spare.pop()
    except IndexError:
        buffer = mmap.mmap(-1, BUFFER, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):
                buffer.madvise(mmap.MADV_HUGEPAGE)
        return buffer


def _open(path: Path) -> tuple[int, bool]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    if hasattr(os, "O_DIRECT"):
        try:
            return os.open(path, flags | os.O_DIRECT, 0o666), True
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            path.unlink(missing_ok=True)
    return os.open(path, flags, 0o666), False


def _clear_direct(descriptor: int) -> None:
    import fcntl

    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_DIRECT)
