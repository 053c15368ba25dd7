"""This file knows how popular the rows of a table are: a law of ranks, and a keyed order that scatters them.

Rank 0 is the most popular row. A law of ranks maps words to ranks and says what share of all picks goes to the ranks
before any; so a junction or a fan-out can have exact shares where a reference draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from gen.elementary import expm1, log, power
from gen.errors import SchemaError
from gen.permutations import TABLE_LIMIT, Permutation
from gen.schema.links import Distribution, Reference
from gen.streams import Words, stream_key
from gen.synth.grids import Grid
from gen.synth.laws.cells import Celled
from gen.synth.laws.compiled import compile_law
from gen.synth.laws.discrete import Piece, Pieces, power_weights
from gen.synth.laws.lines import line_of_grid
from gen.synth.laws.parameters import BY_ROW, law_of
from gen.synth.laws.samplers import LEAST_FOLLOWED, EvenIntegers, Rounded, Sampler
from gen.synth.laws.special import Floats
from gen.synth.related.popular_rows import popular_rows

MOST_RANKS = 2**53
RANKED = ("uniform", "zipf", "hot_set", "geometric", "exponential", "pareto")  # laws of ranks, none of which rises
MOST_COUNTED = 2**22  # ranks of Zipf's law whose degrees are counted one by one, and degrees that its others have
MOST_DRAWN = 2**20  # ranks whose degrees are counted from the words that draw them
HEAD = 65_536  # ranks of Zipf's law whose weights are summed one by one; of the others by the midpoint rule
_WORD_BITS = 64

Integers = NDArray[np.int64]


class RankLaw(Protocol):
    """A law of the ranks [0, size)."""

    @property
    def sampler(self) -> Sampler: ...

    @property
    def cuts(self) -> tuple[int, ...]:
        """The ranks where the law jumps: classes of like ranks end there."""
        ...

    def between(self, first: Integers, stop: Integers) -> Floats:
        """The share of the ranks from each first to before each stop."""
        ...

    def runs(self, total: int) -> tuple[Integers, Integers]:
        """How many ranks each run has, and how many of `total` picks go to it; even to within one in each run."""
        ...


# -- laws ------------------------------------------------------------------------------------------------------


def _runs_between(ends: Integers, below: Floats, total: int) -> tuple[Integers, Integers]:
    """Runs of ranks between their ends, from the share of the picks below each end, rounded cumulatively."""
    picks = np.rint(np.clip(below, 0.0, 1.0) * total).astype(np.int64)
    picks[0], picks[-1] = 0, total
    return np.diff(ends), np.diff(np.maximum.accumulate(np.minimum(picks, total)))


@dataclass(frozen=True)
class ZipfRanks:
    """Rank r has weight (r + 1)^-exponent."""

    size: int
    exponent: float
    sampler: Sampler
    cuts = ()

    def between(self, first: Integers, stop: Integers) -> Floats:
        """Relative error 1e-9 or less: listed weights, and beyond them the midpoint rule with its first correction."""
        below, above = self._head
        low, high = np.minimum(first, below.size - 1), np.minimum(stop, below.size - 1)
        near = np.where(above[low] < below[high], above[low] - above[high], below[high] - below[low])
        found: Floats = (near + self._tail(first, stop)) / self._total
        return found

    def runs(self, total: int) -> tuple[Integers, Integers]:
        """Ranks one by one as long as degrees fall by one or more a rank; then runs between two whole degrees."""
        height = total / self._total
        alone = float(power(np.array(height * self.exponent), 1 / (self.exponent + 1)))
        listed = int(min(alone + 1, self.size))
        most, least = (height * power(np.array([listed, self.size]), -self.exponent)).tolist()
        if max(listed, most - least) > MOST_COUNTED:
            raise ValueError(f"{total:,} picks of {self.size:,} things by Zipf's law: too many degrees differ to count")
        ends = np.arange(listed + 1, dtype=np.int64)
        if listed < self.size:
            degrees = np.arange(int(most), int(least), -1, dtype=np.float64)
            run_ends = power(height / degrees, 1 / self.exponent).astype(np.int64)  # the ranks of that degree or more
            inside = run_ends[(run_ends > listed) & (run_ends < self.size)]
            ends = np.concatenate([ends, inside, [self.size]])
        return _runs_between(ends, self.between(np.zeros_like(ends), ends), total)

    @cached_property
    def _head(self) -> tuple[Floats, Floats]:
        """The sums of the weights before each listed rank, and after the last; and of those from there on."""
        weights = power_weights(1, 1, min(self.size, HEAD), self.exponent)
        return np.append(0.0, np.cumsum(weights)), np.append(np.cumsum(weights[::-1])[::-1], 0.0)

    @cached_property
    def _total(self) -> float:
        none, whole = np.zeros(1, np.int64), np.array([self.size])
        return float(self._head[0][-1] + self._tail(none, whole)[0])

    def _tail(self, first: Integers, stop: Integers) -> Floats:
        """The sum of the weights beyond the listed ones."""
        low, high = (np.maximum(ranks, min(self.size, HEAD)).astype(np.float64) + 0.5 for ranks in (first, stop))
        rise, steps = 1 - self.exponent, log(high) - log(low)
        integral = power(low, rise) * (expm1(rise * steps) / rise) if rise else steps
        fall = power(low, -1 - self.exponent) - power(high, -1 - self.exponent)
        return np.asarray(np.maximum(integral - self.exponent / 24 * fall, 0.0))


@dataclass(frozen=True)
class HotSet:
    """The first `hot` ranks share `picks` of all picks evenly; the others share the rest."""

    size: int
    hot: int
    picks: float

    @cached_property
    def sampler(self) -> Sampler:
        sides = [Piece(self.picks, -0.5, self.hot), Piece(1 - self.picks, self.hot - 0.5, self.size - self.hot)]
        return Rounded(Pieces(sides, -0.5, self.size - 0.5), Grid(0, 1, self.size))

    @property
    def cuts(self) -> tuple[int, ...]:
        return (self.hot,)

    def between(self, first: Integers, stop: Integers) -> Floats:
        warm = np.minimum(stop, self.hot) - np.minimum(first, self.hot)
        cold = np.maximum(stop, self.hot) - np.maximum(first, self.hot)
        return np.asarray(warm * (self.picks / self.hot) + cold * ((1 - self.picks) / max(self.size - self.hot, 1)))

    def runs(self, total: int) -> tuple[Integers, Integers]:
        if self.hot == self.size:
            return np.array([self.size]), np.array([total])
        return _runs_between(np.array([0, self.hot, self.size]), np.array([0.0, self.picks, 1.0]), total)


@dataclass(frozen=True)
class EvenRanks:
    """All ranks are alike."""

    size: int
    cuts = ()

    @property
    def sampler(self) -> Sampler:
        return EvenIntegers(Grid(0, 1, self.size))

    def between(self, first: Integers, stop: Integers) -> Floats:
        return np.asarray((stop - first) / self.size)

    def runs(self, total: int) -> tuple[Integers, Integers]:
        return np.array([self.size]), np.array([total])


@dataclass(frozen=True)
class DrawnRanks:
    """Any law of the column's line over the ranks; its shares are those of the words that give each rank."""

    size: int
    sampler: Sampler
    cuts = ()

    def between(self, first: Integers, stop: Integers) -> Floats:
        """Exact to 2^-53, for the law as it is drawn."""
        return self._below(stop) - self._below(first)

    def runs(self, total: int) -> tuple[Integers, Integers]:
        if self.size > MOST_DRAWN:
            raise ValueError(f"degrees by this law are counted for {MOST_DRAWN:,} things at most, not {self.size:,}")
        ends = np.arange(self.size + 1, dtype=np.int64)
        return _runs_between(ends, self._below(ends), total)

    def _below(self, ranks: Integers) -> Floats:
        """The share of all words that give a lower rank, by bisection: ranks ascend with probabilities."""
        found = np.zeros(ranks.size, np.uint64)
        for bit in range(_WORD_BITS - 1, _WORD_BITS - 55, -1):
            further = found + np.uint64(2**bit - 1)  # the last word of the lower half of what is left
            lower = self.sampler.at(self.sampler.words_of(further)) < ranks
            found = np.where(lower, found + np.uint64(2**bit), found)
        return np.where(ranks >= self.size, 1.0, found * 2.0**-_WORD_BITS)


# -- popularity ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Popularity:
    """How often each row of a table of `size` rows is picked: a law of ranks, scattered over the rows by `key`.

    References with the same law and key agree about which rows are popular.
    """

    law: RankLaw
    size: int
    key: int

    def ranks(self, words: Words) -> Words:
        """uint64 in [0, size), one for each uint64 word; 0 is the most popular where the law descends."""
        found: Words = self.law.sampler.at(words).view(np.uint64)
        return found

    def rows(self, words: Words) -> Words:
        """uint64 in [0, size): the row at each word's rank."""
        sampler = self.law.sampler
        if isinstance(sampler, Rounded) and isinstance(sampler.law, Celled) and self.size > TABLE_LIMIT:
            return popular_rows(sampler.law, self._order, words)
        return self.rows_at(self.ranks(words))

    def rows_at(self, ranks: Words) -> Words:
        """uint64 in [0, size): the row of each rank; all different for different ranks."""
        return self._order.at(ranks)

    def mass(self, first: int, stop: int) -> float:
        """The share of the picks that go to the ranks from `first` to before `stop`."""
        return float(self.law.between(np.array([first]), np.array([stop]))[0])

    def counts(self, total: int, cap: int) -> tuple[Integers, Integers]:
        """Degrees, ascending, and how many ranks have each, so that they sum to `total` and none is above `cap`.

        A rank's degree is its share of the total, rounded cumulatively; what is above the cap goes to the ranks that
        are next in degree, as far as these have room. Both int64. Raises ValueError where total > size * cap; where
        over 2^22 ranks of Zipf's law differ in degree, as of 10^14 picks; and by other laws than Zipf's, hot sets and
        the uniform one for over 2^20 ranks.
        """
        if not 0 <= total <= min(self.size * cap, MOST_RANKS):
            raise ValueError(f"{self.size:,} things that take {cap:,} picks at most cannot have {total:,}")
        found = _histogram(*self.law.runs(total))
        return found if found[0][-1] <= cap else _capped(*found, cap)

    @cached_property
    def _order(self) -> Permutation:
        return Permutation(self.size, self.key)


def _histogram(ranks: Integers, picks: Integers) -> tuple[Integers, Integers]:
    """Degrees, ascending, and how many ranks have each, of runs whose ranks differ by one at most."""
    whole, rest = picks // ranks, picks % ranks
    found, which = np.unique(np.concatenate([whole, whole + 1]), return_inverse=True)
    counts = np.zeros(found.size, np.int64)
    np.add.at(counts, which.ravel(), np.concatenate([ranks - rest, rest]))
    return found[counts > 0], counts[counts > 0]


def _capped(degrees: Integers, ranks: Integers, cap: int) -> tuple[Integers, Integers]:
    """A histogram cut at `cap`: what is above goes to the next lower degrees, one rank after another filled up."""
    degrees, ranks = degrees[::-1], ranks[::-1]
    held, had = np.cumsum(ranks), np.cumsum(degrees * ranks)
    last = int(np.argmax(held >= -(-had // cap)))  # the first degree with whose ranks all picks so far have room
    degree, size, before = int(degrees[last]), int(ranks[last]), int(held[last]) - int(ranks[last])
    surplus = int(had[last]) - degree * size - cap * before
    full = surplus // (cap - degree)  # ranks that the surplus fills; one more takes what is left of it
    left = surplus - full * (cap - degree)
    new = np.array([[cap, degree + left, degree], [before + full, left > 0, size - full - (left > 0)]], np.int64)
    found = np.concatenate([new, [degrees[last + 1 :], ranks[last + 1 :]]], axis=1)[:, ::-1]
    return found[0, found[1] > 0], found[1, found[1] > 0]


# -- from a declaration ----------------------------------------------------------------------------------------


def check_rank_law(where: str, distribution: Distribution | None) -> None:
    """Refuse a law beside a reference that does not say how popular its parents are."""
    if distribution is not None and distribution.name not in RANKED:
        law_of(where, distribution if distribution.name != "hot_set" else None)  # a name that is none is an error
        raise SchemaError(
            f"{where}: the distribution {distribution.name!r} does not apply to foreign keys.",
            hint=f"Say how popular rows are, by their rank: {', '.join(RANKED)}.",
        )


def popularity_key(seed: int, reference: Reference) -> int:
    """The key of a popularity that references to one table share, by its name."""
    return stream_key(seed, reference.table, "", f"popularity {reference.popularity}")


def popularity_of(where: str, distribution: Distribution | None, size: int, key: int) -> Popularity:
    """The popularity that a law declares, among `size` rows; all alike where none is. `where` is named in errors.

    zipf        rank r has weight (r + 1)^-exponent
    hot_set     `share` of the rows are hot, and `picks` of the picks go to them
    others      the law on the ranks, as on whole numbers from 0 to size - 1

    Raises SchemaError where the law makes no sense, or is none of ranks.
    """
    if not 1 <= size <= MOST_RANKS:
        raise ValueError(f"popularity is of 1 to 2^53 things, not {size}")
    return Popularity(_law_of(where, distribution, size), size, key)


def _law_of(where: str, distribution: Distribution | None, size: int) -> RankLaw:
    if distribution is not None and distribution.name == "hot_set":
        return _hot_set(where, dict(distribution.parameters), size)
    name, parameters = law_of(where, distribution)
    if name in (*BY_ROW, "calendar"):
        raise SchemaError(
            f"{where}: the distribution {name!r} does not say how popular rows are.", hint='Give "zipf" or "hot_set".'
        )
    if name == "uniform" or size == 1:
        return EvenRanks(size)
    sampler = _fast(cast(Sampler, compile_law(where, distribution, line_of_grid(Grid(0, 1, size))).sampler))
    if name == "zipf" and "start" not in parameters:
        return ZipfRanks(size, float(parameters.get("exponent", 1.0)), sampler)
    return DrawnRanks(size, sampler)


def _fast(sampler: Sampler) -> Sampler:
    """The sampler of a law of ranks, in even cells where these have most of the words: see `Celled`."""
    if not (isinstance(sampler, Rounded) and isinstance(sampler.law, Pieces) and sampler.law.curved):
        return sampler
    celled = Celled(sampler.law)
    return Rounded(celled, sampler.grid) if celled.followed > LEAST_FOLLOWED else sampler


def _hot_set(where: str, parameters: dict[str, Any], size: int) -> HotSet:
    """Whole numbers of rows: at least one is hot, and one is not where both shares leave something."""
    for name in ("share", "picks"):
        value = parameters.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= 1:
            raise SchemaError(
                f"{where}: the distribution 'hot_set' has {name} = {value!r}.", hint="Give a number above 0, up to 1."
            )
    share, picks = parameters["share"], float(parameters["picks"])
    hot = max(round(Fraction(str(share)) * size), 1)
    if share < 1 and picks < 1 and size > 1:
        hot = min(hot, size - 1)
    return HotSet(size, hot, picks if hot < size else 1.0)
