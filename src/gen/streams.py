"""This file knows random bits: the address of a value -> its 32-bit words, and how a word becomes a number.

A column owns a stream: a 64-bit key made from (seed, table, column path, purpose), and `width` words of 32 bits for
every row. Word j of row r has the address W = r * width + j; it is lane W & 3 of the Philox4x32-10 output for the
counter (W >> 2, attempt, version). So the words of a row depend on nothing but their address: not on the
partition, the worker, the order, or the columns drawn beside it.

Guarantee: the words of an address never change within a `STREAM_VERSION`, on any platform.
Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

STREAM_VERSION = 1  # changes when a value of an unchanged declaration would

Words: TypeAlias = NDArray[np.uint64]
Word: TypeAlias = Any  # one uint64 inside a kernel
Rows: TypeAlias = "range | NDArray[np.uint64]"  # the rows of a table: a range with step 1, or a uint64 array

TILE = 512  # rows per inner tile of kernels that map words at once: fill, then map, so that the first loop vectorises


# -- compiling ------------------------------------------------------------------------------------


def _writable_cache_folder() -> None:
    """Point Numba at a folder it can write, where neither the package nor the home folder can be written."""
    if "NUMBA_CACHE_DIR" in os.environ or os.access(Path(__file__).parent, os.W_OK):
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    private = Path(tempfile.gettempdir()) / f"gen-numba-{os.getuid()}"
    for folder in (home / "gen" / "numba", private):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        # A folder that somebody else owns could hand us their machine code.
        if os.access(folder, os.W_OK) and folder.stat().st_uid == os.getuid():
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            return


_writable_cache_folder()

import numba  # noqa: E402 - after the cache folder is chosen
from llvmlite import binding  # noqa: E402
from llvmlite import ir as ir  # noqa: E402 - for the rooms that write intrinsics
from numba.core import types as types  # noqa: E402
from numba.core.compiler_lock import global_compiler_lock as _global_compiler_lock  # noqa: E402
from numba.core.runtime import rtsys as _runtime  # noqa: E402
from numba.extending import intrinsic as _intrinsic  # noqa: E402


def _prefer_wide_vectors() -> None:
    """Use 512-bit vectors where there are any: LLVM avoids them, and Philox is 1.6 times faster with them."""
    features = binding.get_host_cpu_features()
    if numba.config.CPU_FEATURES is None and features.get("avx512f"):
        numba.config.CPU_FEATURES = features.flatten() + ",-prefer-256-bit"


_prefer_wide_vectors()


def kernel(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for exactly one signature, on first use, cached on disk, without the GIL.

    One signature is a guard: mixing uint64 with int64 silently computes in float64, so a call with any other
    types is a TypeError here instead of a second, wrong specialisation.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        dispatcher = numba.njit(nogil=True, cache=True)(function)

        class Kernel:
            __doc__ = function.__doc__
            __name__ = function.__name__
            python = staticmethod(function)
            compiled = False

            def compile(self) -> Any:
                """The dispatcher, compiled (or loaded from the cache) for the one signature."""
                with _global_compiler_lock:
                    if not Kernel.compiled:
                        if not _loaded(dispatcher, signature):
                            dispatcher.compile(signature)
                        dispatcher.disable_compile()
                        Kernel.compiled = True
                return dispatcher

            def __call__(self, *arguments: Any) -> Any:
                return (dispatcher if Kernel.compiled else self.compile())(*arguments)

        return Kernel()

    return decorate


def _loaded(dispatcher: Any, signature: str) -> bool:
    """Load a kernel that is in the cache, without all that Numba first imports to be able to compile one.

    That takes longer than a small run: SciPy, where it is installed, is part of it. What machine code needs when it
    runs is set up here. Should another version of Numba be made otherwise, it loads its kernels itself.
    """
    try:
        context = dispatcher.targetctx
        _runtime.initialize(context)
        found = dispatcher._cache._load_overload(signature, context)
        if found is not None:
            dispatcher.add_overload(found)
    except Exception:  # noqa: BLE001 - whatever it is, Numba meets it too, and says it better
        return False
    return found is not None


def device(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for use inside kernels. Inlined before LLVM sees it: a call keeps the loop around it scalar."""
    return cast(Callable[..., Any], numba.njit(inline="always")(function))


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for use inside kernels that is written in LLVM's own terms."""
    return cast(Callable[..., Any], _intrinsic(function))


@intrinsic
def mulhi(typingctx: Any, a: Any, b: Any) -> Any:
    """The high 64 bits of the 128-bit product of two uint64: scales a word to [0, b) without a division."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


def _copy_bytes(size: int) -> Any:
    @intrinsic
    def copy(typingctx: Any, source: Any, target: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = ir.PointerType(ir.VectorType(ir.IntType(8), size))
            value = builder.load(builder.inttoptr(arguments[0], vector), align=1)
            builder.store(value, builder.inttoptr(arguments[1], vector), align=1)
            return context.get_dummy_value()

        return types.void(types.uintp, types.uintp), generate

    return copy


# Numba has no unaligned vector load or store; these copy that many bytes between two integer addresses.
copy_32_bytes = _copy_bytes(32)
copy_8_bytes = _copy_bytes(8)


@intrinsic
def store_8_bytes(typingctx: Any, value: Any, target: Any) -> Any:
    """A uint64 to an address of any alignment, its lowest byte first."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[1], ir.PointerType(ir.IntType(64)))
        builder.store(arguments[0], pointer, align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uintp), generate


# -- Philox4x32-10 --------------------------------------------------------------------------------

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)  # multipliers
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)  # key increments
LOW32 = np.uint64(0xFFFFFFFF)
BITS32 = np.uint64(32)


@device
def philox(x0: Word, x1: Word, x2: Word, x3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Four 32-bit words of one counter, each in a uint64: in uint32 locals LLVM does not vectorise the rounds."""
    for _ in range(10):
        p0 = x0 * _M0
        p1 = x2 * _M1
        x0, x1, x2, x3 = (p1 >> BITS32) ^ x1 ^ k0, p1 & LOW32, (p0 >> BITS32) ^ x3 ^ k1, p0 & LOW32
        k0 = (k0 + _W0) & LOW32
        k1 = (k1 + _W1) & LOW32
    return x0, x1, x2, x3


@kernel("void(uint64[::1], uint64, boolean, uint64, uint64, uint64)")
def fill_range(out: Words, first: Word, single: bool, attempt: Word, version: Word, key: Word) -> None:
    """The words of consecutive counters, from `first` on, two per uint64; or, if `single`, one per uint64."""
    k0, k1 = key & LOW32, key >> BITS32
    attempt, version = attempt & LOW32, version & LOW32  # tells LLVM that 32 x 32-bit products will do
    if single:
        for i in range(out.size // 4):
            counter = first + np.uint64(i)
            a, b, c, d = philox(counter & LOW32, counter >> BITS32, attempt, version, k0, k1)
            out[4 * i] = a
            out[4 * i + 1] = b
            out[4 * i + 2] = c
            out[4 * i + 3] = d
        return
    for i in range(out.size // 2):
        counter = first + np.uint64(i)
        a, b, c, d = philox(counter & LOW32, counter >> BITS32, attempt, version, k0, k1)
        out[2 * i] = a | (b << BITS32)
        out[2 * i + 1] = c | (d << BITS32)


@kernel("void(uint64[::1], uint64[::1], uint64, uint64, uint64, uint64)")
def fill_rows(out: Words, rows: Words, width: Word, attempt: Word, version: Word, key: Word) -> None:
    """The words of any rows, laid out as `Stream.words` says; width 1 and 2 share a counter among rows."""
    k0, k1 = key & LOW32, key >> BITS32
    attempt, version = attempt & LOW32, version & LOW32
    if width <= np.uint64(2):
        shift = np.uint64(3) - width  # rows per counter: 2^shift
        for i in range(rows.size):
            row = rows[i]
            counter = row >> shift
            a, b, c, d = philox(counter & LOW32, counter >> BITS32, attempt, version, k0, k1)
            # Which pair of words, then which word: without a branch, so that the loop vectorises.
            second = np.uint64(0) - ((row >> (shift - np.uint64(1))) & np.uint64(1))
            low, high = (a & ~second) | (c & second), (b & ~second) | (d & second)
            odd = (np.uint64(0) - (row & np.uint64(1))) & (np.uint64(0) - (shift - np.uint64(1)))
            both = (high << BITS32) & (np.uint64(0) - (np.uint64(2) - shift))
            out[i] = (low & ~odd) | (high & odd) | both
        return
    per_row = np.int64(width >> np.uint64(2))  # counters
    tile = np.empty((TILE, 2), np.uint64)
    for start in range(0, rows.size, TILE):
        n = min(rows.size - start, TILE)
        for j in range(per_row):
            for i in range(n):  # nothing but Philox in this loop, or it does not vectorise
                counter = rows[start + i] * np.uint64(per_row) + np.uint64(j)
                a, b, c, d = philox(counter & LOW32, counter >> BITS32, attempt, version, k0, k1)
                tile[i, 0] = a | (b << BITS32)
                tile[i, 1] = c | (d << BITS32)
            for i in range(n):
                at = 2 * ((start + i) * per_row + j)
                out[at] = tile[i, 0]
                out[at + 1] = tile[i, 1]


@kernel("void(uint64[:, ::1], uint64, uint64[::1], uint64, uint64, uint64)")
def fill_columns(out: Words, first: Word, rows: Words, attempt: Word, version: Word, key: Word) -> None:
    """The words of these rows, or, where none are given, of those from `first` on; word j of all rows side by side."""
    k0, k1 = key & LOW32, key >> BITS32
    attempt, version = attempt & LOW32, version & LOW32
    per_row = np.uint64(out.shape[0]) >> np.uint64(1)  # counters
    for begin in range(0, out.shape[1], TILE):
        for j in range(per_row):
            low, high = out[2 * j, begin : begin + TILE], out[2 * j + 1, begin : begin + TILE]
            if rows.size:
                some = rows[begin : begin + TILE]
                for i in range(low.size):
                    counter = some[i] * per_row + np.uint64(j)
                    a, b, c, d = philox(counter & LOW32, counter >> BITS32, attempt, version, k0, k1)
                    low[i] = a | (b << BITS32)
                    high[i] = c | (d << BITS32)
            else:
                for i in range(low.size):
                    counter = (first + np.uint64(begin) + np.uint64(i)) * per_row + np.uint64(j)
                    a, b, c, d = philox(counter & LOW32, counter >> BITS32, attempt, version, k0, k1)
                    low[i] = a | (b << BITS32)
                    high[i] = c | (d << BITS32)


# -- addresses ------------------------------------------------------------------------------------


def stream_key(seed: int, table: str, path: str, purpose: str) -> int:
    """The 64-bit key of a stream: BLAKE2b-64 of the four parts, each with its length at fixed width in front.

    Names, not positions, so that adding a column or a table changes no other; fixed width, so that no two
    different addresses are the same bytes. `seed` is any integer of 64 bits, signed or not.
    """
    digest = hashlib.blake2b(digest_size=8)
    digest.update((seed % 2**64).to_bytes(8, "little"))
    for part in (table, path, purpose):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return int.from_bytes(digest.digest(), "little")


def rows_array(rows: Rows) -> Words:
    """Rows as a uint64 array, whichever way they were given."""
    if isinstance(rows, range):
        return np.arange(rows.start, rows.stop, dtype=np.uint64)
    return rows


def shifted(rows: Rows, by: int) -> Rows:
    """Rows with `by` added to each number, which may be negative."""
    if not by:
        return rows
    return range(rows.start + by, rows.stop + by) if isinstance(rows, range) else rows + np.uint64(by % 2**64)


_NONE = np.empty(0, np.uint64)


def first_and_rows(rows: Rows) -> tuple[np.uint64, Words]:
    """How kernels take rows: the first of consecutive ones and an empty array, or 0 and all of them."""
    return (np.uint64(rows.start), _NONE) if isinstance(rows, range) else (np.uint64(0), rows)


_VERSION = np.uint64(0)  # the fourth counter word: the door for values that change over time


class Stream:
    """The words of one column and purpose: `width` 32-bit words a row; 1, 2 or a multiple of 4, fixed by its kind."""

    def __init__(self, key: int, width: int = 2) -> None:
        if width not in (1, 2) and width % 4:
            raise ValueError(f"a stream is 1, 2, or a multiple of 4, words wide, not {width}")
        self.key = np.uint64(key)
        self.width = width

    def words(self, rows: Rows, attempt: int = 0) -> Words:
        """uint64 array: one 32-bit word a row where width is 1; else width / 2 entries a row, each two 32-bit words,
        the first in the low half.
        """
        if not isinstance(rows, range):
            out = np.empty(rows.size * max(self.width // 2, 1), np.uint64)
            fill_rows(out, rows, np.uint64(self.width), np.uint64(attempt), _VERSION, self.key)
            return out
        first, last = rows.start * self.width // 4, -(-rows.stop * self.width // 4)  # counters
        single = self.width == 1
        per_counter = 4 if single else 2
        out = np.empty(per_counter * max(last - first, 0), np.uint64)
        fill_range(out, np.uint64(first), single, np.uint64(attempt), _VERSION, self.key)
        skip, stop = ((row * self.width - 4 * first) * per_counter // 4 for row in (rows.start, rows.stop))
        return out[skip:stop]

    def columns(self, rows: Rows) -> Words:
        """The same words as a uint64 array of shape (max(width / 2, 1), rows): entry j of all rows side by side."""
        if self.width < 4:
            return self.words(rows).reshape(1, -1)
        out = np.empty((self.width // 2, len(rows)), np.uint64)
        fill_columns(out, *first_and_rows(rows), np.uint64(0), _VERSION, self.key)
        return out


# -- words into numbers ---------------------------------------------------------------------------


@kernel("void(uint64[::1], int64[::1], int64, uint64, int64)")
def uniform_integers(words: Words, out: NDArray[np.int64], first: Word, last_rank: Word, step: Word) -> None:
    """first + step * rank, rank uniform in [0, last_rank]; exact to 2^-64 however large the range."""
    for i in range(words.size):
        # last_rank + 1 does not fit when the range is all of 64 bits; then the word itself is the rank.
        count = last_rank + np.uint64(1)
        rank = mulhi(words[i], count) if count else words[i]
        out[i] = first + np.int64(rank) * step


@kernel("void(uint64[::1], float64[::1], float64, float64, float64, float64)")
def uniform_floats(words: Words, out: NDArray[np.float64], low: float, width: float, scale: float, high: float) -> None:
    """(low + u * width) * scale, u in [0, 1) with 53 bits, never above high."""
    for i in range(words.size):
        unit = np.float64(words[i] >> np.uint64(11)) * 1.1102230246251565e-16
        value = (low + unit * width) * scale
        out[i] = value if value <= high else high
