"""This file knows the kernels that lead from children to parents and back, through levels of odd and even parents.

`arranged` says what a level is. Most kernels take all rows through one level, without branches, so that what many rows
wait for in memory overlaps; consecutive rows share their way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.streams import BITS32, LOW32, TILE, Word, Words, device, kernel, mulhi

ROW, FIRST, BEFORE = range(3)  # columns of records
OPEN = np.uint64(2**64 - 1)  # no answer yet
ORDINAL_BITS, ORDINAL_MASK = np.uint64(14), np.uint64(2**14 - 1)  # of a listed child; the others say which parent
_SIZE, _TOTAL, _INNER_SIZE, _INNER_TOTAL, _PER_SIZE, _PER_TOTAL, _INNER_MARKS, _KEY = range(8)  # measures of a level
_RECORDS, _GUIDE, _SHIFT, _LAST = range(8, 12)  # where its records and its guide begin, and the last record
_ONE = np.uint64(1)


@device
def _if(condition: bool, value: Word) -> Word:
    """The value, or 0."""
    return value & (np.uint64(0) - np.uint64(condition))


@device
def _whole(value: Word, part: Word, inverse: Word) -> Word:
    """value // part, for values below 2^63, where `inverse` is (2^64 - 1) // part: short by one at most at first."""
    quotient = mulhi(value, inverse)
    return quotient + np.uint64(value - quotient * part >= part)


@device
def _mixed(key: Word, block: Word) -> Word:
    """64 random bits of a block."""
    bits = block ^ key
    bits = (bits ^ (bits >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    bits = (bits ^ (bits >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return bits ^ (bits >> np.uint64(32))


@device
def _mark(key: Word, block: Word, marks: Word) -> Word:
    """At which of so many records a block begins the arrangement: random."""
    return mulhi(_mixed(key, block), marks)


_STATE = "uint64[::1], uint64[::1], uint64[::1], uint64[::1]"


@kernel(f"void({_STATE}, uint64[:, ::1], UniTuple(uint64, 8), uint32[::1], uint64)")
def to_parents(
    children: Words,
    parents: Words,
    ordinals: Words,
    marks: Words,
    records: Words,
    measures: tuple[Word, ...],
    guide: NDArray[np.uint32],
    shift: Word,
) -> None:
    """One level of the way from children, as rows inside a block that begins at its mark, to parents.

    Children of odd parents get their answer: an ordinal, and what is added to the parent. For the others, they and
    their marks are led into the blocks of the next level.
    """
    size, total, inner_size, inner_total, _, per_total, inner_marks, key = measures
    lows = np.empty(TILE, np.uint64)
    for begin in range(0, children.size, TILE):  # loops that wait for one thing in memory each, for many rows at once
        x, found = children[begin : begin + TILE], parents[begin : begin + TILE]
        into, mark = ordinals[begin : begin + TILE], marks[begin : begin + TILE]
        for i in range(x.size):
            child = x[i] + records[mark[i], FIRST]
            is_open = into[i] == OPEN
            found[i] -= _if(is_open, records[mark[i], ROW] - _if(child >= total, size))
            x[i] = _if(is_open, child - _if(child >= total, total))
        for i in range(x.size):
            lows[i] = np.uint64(guide[x[i] >> shift])
        for i in range(x.size):
            lows[i] += np.uint64(records[lows[i] + _ONE, FIRST] <= x[i])
        for i in range(x.size):
            low, child = lows[i], x[i]
            if into[i] != OPEN:
                continue
            if records[low + _ONE, FIRST] <= child:  # seldom
                high = np.uint64(guide[(child >> shift) + _ONE])
                while low < high:
                    middle = (low + high + _ONE) >> _ONE
                    if records[middle, FIRST] <= child:
                        low = middle
                    else:
                        high = middle - _ONE
            of_odd = child - records[low, FIRST]
            if of_odd < records[low + _ONE, BEFORE] - records[low, BEFORE]:
                found[i] += records[low, ROW]
                into[i] = of_odd
                continue
            child -= records[low + _ONE, BEFORE]
            block = _whole(child, inner_total, per_total)
            x[i] = child - block * inner_total
            found[i] += low + block * inner_size
            mark[i] = _mark(key, block, inner_marks)


@kernel("void(uint64[::1], uint64[::1], uint64[::1], uint64[::1], uint32[::1], uint32[::1], uint64)")
def to_listed(
    children: Words,
    parents: Words,
    ordinals: Words,
    marks: Words,
    starts: NDArray[np.uint32],
    listed: NDArray[np.uint32],
    size: Word,
) -> None:
    """The last level, where all parents have a record and each child is listed: its parent, and its ordinal below."""
    total = np.uint64(listed.size)
    for begin in range(0, children.size, TILE):
        x, found = children[begin : begin + TILE], parents[begin : begin + TILE]
        into, mark = ordinals[begin : begin + TILE], marks[begin : begin + TILE]
        for i in range(x.size):
            child = x[i] + np.uint64(starts[mark[i]])
            is_open = into[i] == OPEN
            row = mark[i] - np.uint64(mark[i] > np.uint64(0))
            found[i] -= _if(is_open, row - _if(child >= total, size))
            x[i] = _if(is_open, child - _if(child >= total, total))
        for i in range(x.size):
            entry, is_open = np.uint64(listed[x[i]]), into[i] == OPEN
            found[i] += _if(is_open, entry >> ORDINAL_BITS)
            into[i] = entry & ORDINAL_MASK if is_open else into[i]


@device
def _block_of(child: Any, total: Any, per_total: float) -> tuple[Any, Any]:
    """child // total and what is left, for children below 2^53, and blocks and totals below 2^32."""
    block = np.int64(np.float64(child) * per_total)
    rest = child - np.int64((np.uint64(block) & LOW32) * (np.uint64(total) & LOW32))
    less = np.int64(rest < 0)
    rest += total & -less
    more = np.int64(rest >= total)
    return block - less + more, rest - (total & -more)


@device
def _narrow_mark(key: Word, block: Word, marks: Word) -> Word:
    """`_mark`, of fewer than 2^32 marks: in products of 32 bits."""
    bits = _mixed(key, block)
    marks &= LOW32
    return ((bits >> BITS32) * marks + (((bits & LOW32) * marks) >> BITS32)) >> BITS32


@device
def _settle(children: Words, lows: NDArray[np.int64], strewn: NDArray[np.int64]) -> None:
    """Lead each child to the last odd parent that starts at it or before, from one that is near."""
    is_off = False
    for i in range(children.size):
        child = np.int64(children[i])
        is_off |= (strewn[lows[i] + 1, 0] <= child) | (strewn[lows[i], 0] > child)
    for i in range(children.size if is_off else 0):  # seldom
        child, low = np.int64(children[i]), lows[i]
        while strewn[low + 1, 0] <= child:
            low += 1
        while strewn[low, 0] > child:
            low -= 1
        lows[i] = low


@kernel(
    "void(uint64[::1], uint64[::1], uint64[::1], int64[:, ::1], uint64[:, ::1], float64, float64, UniTuple(int64, 6), "
    "uint64, uint32[::1], uint32[::1])"
)
def through_two(
    children: Words,
    parents: Words,
    ordinals: Words,
    strewn: NDArray[np.int64],
    records: Words,
    density: float,
    per_total: float,
    sizes: tuple[int, ...],
    key: Word,
    starts: NDArray[np.uint32],
    listed: NDArray[np.uint32],
) -> None:
    """The whole way from children to parents through two levels, the second of which is listed.

    strewn: of each odd parent its first child, and how many all odd ones before it have; they are so evenly strewn that
    a child's place among all tells nearly which of them it follows. density: odd parents a child.
    """
    inner_total, inner_size, marks, last, listed_size, listed_total = sizes
    lows, left, mark = np.empty(TILE, np.int64), np.empty(TILE, np.int64), np.empty(TILE, np.int64)
    for begin in range(0, children.size, TILE):  # loops that wait for one thing in memory each, for many rows at once
        x, found, into = children[begin : begin + TILE], parents[begin : begin + TILE], ordinals[begin : begin + TILE]
        for i in range(x.size):
            place = np.int64(np.float64(np.int64(x[i])) * density)
            lows[i] = place if place < last else last
        for i in range(x.size):
            child, low = np.int64(x[i]), lows[i]
            low += np.int64(strewn[low + 1, 0] <= child)
            low -= np.int64(strewn[low, 0] > child)
            lows[i] = low + np.int64(strewn[low + 1, 0] <= child)
        _settle(x, lows, strewn)
        of_odd = False
        for i in range(x.size):
            child, low = np.int64(x[i]), lows[i]
            even = child - strewn[low + 1, 1]
            of_odd |= even < strewn[low, 0] - strewn[low, 1]
            left[i] = even & -np.int64(even > 0)  # below 0 of an odd one's alone
        for i in range(x.size):
            block, left[i] = _block_of(left[i], inner_total, per_total)
            found[i] = np.uint64(lows[i]) + (np.uint64(block) & LOW32) * (np.uint64(inner_size) & LOW32)
            mark[i] = np.int64(_narrow_mark(key, np.uint64(block), np.uint64(marks)))
        for i in range(x.size):
            child, row = left[i] + np.int64(starts[mark[i]]), mark[i] - np.int64(mark[i] > 0)
            is_beyond = -np.int64(child >= listed_total)
            found[i] -= np.uint64(row - (listed_size & is_beyond))
            left[i] = child - (listed_total & is_beyond)
        for i in range(x.size):
            entry = np.uint64(listed[left[i]])
            found[i] += entry >> ORDINAL_BITS
            into[i] = entry & ORDINAL_MASK
        for i in range(x.size if of_odd else 0):  # seldom
            child, low = np.int64(x[i]), lows[i]
            if child - strewn[low, 0] < strewn[low + 1, 1] - strewn[low, 1]:
                found[i] = records[low, ROW]
                into[i] = np.uint64(child - strewn[low, 0])


@kernel("void(uint64, uint64[::1], uint64[::1], uint64[:, ::1], uint32[::1], uint64[:, ::1])")
def walk(
    begin: Word, parents: Words, ordinals: Words, records: Words, guide: NDArray[np.uint32], levels: Words
) -> None:
    """All levels of `to_parents` for consecutive children, which share their way until one of its levels changes."""
    done, size = np.int64(0), np.int64(parents.size)
    while done < size:
        child, span, parent, mark = begin + np.uint64(done), np.uint64(size - done), np.uint64(0), np.uint64(0)
        for level in range(levels.shape[0]):
            at, total = levels[level, _RECORDS], levels[level, _TOTAL]
            child += records[at + mark, FIRST]
            parent -= records[at + mark, ROW]
            parent += _if(child >= total, levels[level, _SIZE])
            child -= _if(child >= total, total)
            cell = levels[level, _GUIDE] + (child >> levels[level, _SHIFT])
            low, high = at + np.uint64(guide[cell]), at + np.uint64(guide[cell + _ONE])
            while low < high:
                middle = (low + high + _ONE) >> _ONE
                if records[middle, FIRST] <= child:
                    low = middle
                else:
                    high = middle - _ONE
            into, own = child - records[low, FIRST], records[low + _ONE, BEFORE] - records[low, BEFORE]
            if into < own:  # at the last level, neighbours follow
                span = min(span, total - child if level == levels.shape[0] - 1 else own - into)
                break
            span = min(span, min(total, records[low + _ONE, FIRST]) - child)
            child -= records[low + _ONE, BEFORE]
            block = _whole(child, levels[level, _INNER_TOTAL], levels[level, _PER_TOTAL])
            child -= block * levels[level, _INNER_TOTAL]
            span = min(span, levels[level, _INNER_TOTAL] - child)
            parent += low - at + block * levels[level, _INNER_SIZE]
            mark = _mark(levels[level, _KEY], block, levels[level, _INNER_MARKS])
        for i in range(done, done + np.int64(span)):
            while records[low + _ONE, FIRST] <= child:
                low += _ONE
            parents[i] = parent + records[low, ROW]
            ordinals[i] = child - records[low, FIRST]
            child += _ONE
        done += np.int64(span)


@kernel(f"void({_STATE}, uint64[:, ::1], UniTuple(uint64, 8), float64)")
def to_children(
    parents: Words,
    children: Words,
    counts: Words,
    marks: Words,
    records: Words,
    measures: tuple[Word, ...],
    density: float,
) -> None:
    """One level of the way from parents to first children, and how many: the way of `to_parents`, backwards."""
    size, total, inner_size, inner_total, per_size, _, inner_marks, key = measures
    last = np.uint64(records.shape[0] - 2)
    for i in range(parents.size):
        if counts[i] != OPEN:
            continue
        parent = parents[i] + records[marks[i], ROW]
        child = children[i] - records[marks[i], FIRST] + _if(parent >= size, total)
        parent -= _if(parent >= size, size)
        low = min(np.uint64(np.float64(parent) * density), last)  # every stride of parents has one odd one
        low += np.uint64(records[low + _ONE, ROW] <= parent)
        while records[low + _ONE, ROW] <= parent:  # seldom: a density is rounded
            low += _ONE
        while low and records[low, ROW] > parent:
            low -= _ONE
        if low and records[low, ROW] == parent:
            children[i] = child + records[low, FIRST]
            counts[i] = records[low + _ONE, BEFORE] - records[low, BEFORE]
            continue
        parent -= low
        block = _whole(parent, inner_size, per_size)
        parents[i] = parent - block * inner_size
        children[i] = child + records[low + _ONE, BEFORE] + block * inner_total
        marks[i] = _mark(key, block, inner_marks)


@kernel("void(uint64, uint64[::1], uint64[::1], uint64[:, ::1], uint64[:, ::1], float64[::1])")
def walk_back(begin: Word, children: Words, counts: Words, records: Words, levels: Words, densities: Any) -> None:
    """All levels of `to_children` for consecutive parents, like `walk`."""
    done, size, deepest = np.int64(0), np.int64(children.size), levels.shape[0] - 1
    while done < size:
        parent, span, child, mark = begin + np.uint64(done), np.uint64(size - done), np.uint64(0), np.uint64(0)
        for level in range(levels.shape[0]):
            at, all_parents = levels[level, _RECORDS], levels[level, _SIZE]
            parent += records[at + mark, ROW]
            child -= records[at + mark, FIRST]
            child += _if(parent >= all_parents, levels[level, _TOTAL])
            parent -= _if(parent >= all_parents, all_parents)
            low = at + min(np.uint64(np.float64(parent) * densities[level]), levels[level, _LAST])
            while records[low + _ONE, ROW] <= parent:
                low += _ONE
            while low > at and records[low, ROW] > parent:
                low -= _ONE
            if low > at and records[low, ROW] == parent:  # at the last level, neighbours follow
                span = min(span, all_parents - parent) if level == deepest else _ONE
                break
            span = min(span, min(all_parents, records[low + _ONE, ROW]) - parent)
            parent -= low - at
            block = _whole(parent, levels[level, _INNER_SIZE], levels[level, _PER_SIZE])
            parent -= block * levels[level, _INNER_SIZE]
            span = min(span, levels[level, _INNER_SIZE] - parent)
            child += records[low + _ONE, BEFORE] + block * levels[level, _INNER_TOTAL]
            mark = _mark(levels[level, _KEY], block, levels[level, _INNER_MARKS])
        for i in range(done, done + np.int64(span)):
            children[i] = child + records[low, FIRST]
            counts[i] = records[low + _ONE, BEFORE] - records[low, BEFORE]
            low += _ONE
        done += np.int64(span)
