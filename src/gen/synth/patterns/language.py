"""This file knows counted languages: how many texts of each length match all patterns, which is the k-th, and which k.

Counts are Python's whole numbers, so they are exact however large. Texts are ranked by length, then by code points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

from gen.errors import SchemaError
from gen.schema.characters import PRINTABLE, Ranges, partition, ranges, size, union
from gen.synth.patterns.automaton import DEAD, Automaton, automaton_of, both, longest_text
from gen.synth.patterns.parser import parse
from gen.synth.patterns.tree import Alternation, End, Letters, Node, Repeat, Start, sets_of
from gen.synth.patterns.tree import Sequence as Parts

MAXIMUM_LENGTH = 10_000
MAXIMUM_COUNTS = 500_000  # pairs of a state and a number of letters to come
ROOM = (32, 16)  # without a max_length: texts of up to 32, or of 16 more than the shortest has
_ALPHANUMERIC = ranges((ord("0"), ord("9")), (ord("A"), ord("Z")), (ord("a"), ord("z")))
SMALL = 2**16  # a finite language of up to so many texts is drawn uniformly over texts, others over lengths


class NoText(SchemaError):
    """No text matches the patterns and has the lengths."""


@dataclass(frozen=True, eq=False)
class Run:
    """Consecutive letters of a state's that lead to the same next one."""

    letters: Ranges
    target: int
    size: int


@dataclass(frozen=True, eq=False)
class Language:
    """The texts that match every pattern and have an allowed length. Finite; at least one text.

    counts[r][s]: how many texts of r letters lead from the automaton's state s to acceptance; none left out.
    `bounded`: whether the patterns themselves bound the length; else it is cut at a stated default, or max_length.
    """

    automaton: Automaton
    classes: list[Ranges]
    lengths: tuple[int, ...]
    counts: list[dict[int, int]] = field(repr=False)
    bounded: bool
    declared: tuple[Any, ...]

    @classmethod
    def of(
        cls,
        where: str,
        patterns: Sequence[str],
        shortest: int = 0,
        longest: int | None = None,
        *,
        alphabet: Ranges = PRINTABLE,
        needed: int = 1,
    ) -> Language:
        r"""The language of texts in which every pattern matches somewhere, of `shortest` to `longest` code points.

        Letters are those of `alphabet`, printable ASCII by default, and what the patterns themselves name beyond it.
        A pattern that is not tied to the ends of the text (`abc`, not `^abc$`) matches inside longer texts too; they
        are left out, for a plain `abc` is what such a column holds, unless fewer than `needed` texts would be left, or
        it says no more than that there is something: `\S`, `.`, `^\w`.
        So where one pattern is tied, or lengths demand more, the others are searched for inside the text.
        Without `longest` texts reach the longest one, or, where there is none, 32 characters or the shortest
        text's length and 16, whichever is more.

        Raises SchemaError naming `where` and pattern: a construct that is not known, no text at all, or too many
        states. Planned once for equal arguments, and kept.
        """
        key = (tuple(patterns), shortest, longest, alphabet, needed)
        if key not in _KNOWN:
            if len(_KNOWN) >= _KEPT:
                _KNOWN.clear()
            _KNOWN[key] = _planned(where, *key)
        return _KNOWN[key]

    def __reduce__(self) -> Any:
        return _again, self.declared

    @property
    def cardinality(self) -> int:
        """How many texts there are."""
        return self.starts[-1]

    @cached_property
    def starts(self) -> list[int]:
        """The rank of the first text of each of `lengths`, and the number of all."""
        return [0, *accumulate(self.counts[length][0] for length in self.lengths)]

    @property
    def is_small(self) -> bool:
        """Whether it is drawn uniformly over texts, unless asked otherwise."""
        return self.bounded and self.cardinality <= SMALL

    @cached_property
    def letters(self) -> Ranges:
        """Every letter that a text may have."""
        return ranges(*(pair for runs in self.runs for run in runs for pair in run.letters))

    @cached_property
    def runs(self) -> list[list[Run]]:
        """For each state its letters in order of code points, cut where the next state changes."""
        return [_runs(self.classes, row) for row in self.automaton.steps]

    def accepts(self, text: str) -> bool:
        """Whether a text is of the language."""
        return self.rank(text) >= 0

    def rank(self, text: str) -> int:
        """How many texts of the language come before this one; -1 where it is none of them."""
        length = len(text)
        if length not in self.lengths:
            return -1
        rank = self.rank_within(0, text)
        return rank + self.starts[self.lengths.index(length)] if rank >= 0 else -1

    def rank_within(self, state: int, text: str) -> int:
        """How many texts of the same length, accepted from a state, come before this one; -1 where it is not."""
        rank = 0
        for place, letter in enumerate(text):
            code, layer = ord(letter), self.counts[len(text) - place - 1]
            for run in self.runs[state]:
                before = sum(max(0, min(last, code - 1) - first + 1) for first, last in run.letters)
                weight = layer.get(run.target, 0)
                rank += before * weight
                if any(first <= code <= last for first, last in run.letters):
                    state = run.target if weight else DEAD
                    break
            else:
                state = DEAD
            if state == DEAD:
                return -1
        return rank if state in self.counts[0] else -1

    def step(self, state: int, letter: str) -> int:
        """The automaton's state after a letter; DEAD where no text goes on like this."""
        code = ord(letter)
        return next((r.target for r in self.runs[state] if any(a <= code <= b for a, b in r.letters)), DEAD)

    def unrank(self, rank: int) -> str:
        """The text of a rank in [0, cardinality)."""
        if not 0 <= rank < self.cardinality:
            raise IndexError(f"there are {self.cardinality} texts, none with rank {rank}")
        which = next(i for i, start in enumerate(self.starts[1:]) if rank < start)
        rank -= self.starts[which]
        state, text = 0, []
        for left in range(self.lengths[which] - 1, -1, -1):
            for run in self.runs[state]:
                weight = self.counts[left].get(run.target, 0)
                if rank < weight * run.size:
                    text.append(chr(_nth(run.letters, rank // weight)))
                    rank, state = rank % weight, run.target
                    break
                rank -= weight * run.size
        return "".join(text)


_KEPT = 64
_KNOWN: dict[Any, Language] = {}


def _again(patterns: tuple[str, ...], shortest: int, longest: int | None, alphabet: Ranges, needed: int) -> Language:
    return Language.of("a column", patterns, shortest, longest, alphabet=alphabet, needed=needed)


def _nth(letters: Ranges, place: int) -> int:
    for first, last in letters:
        if place <= last - first:
            return first + place
        place -= last - first + 1
    raise IndexError(place)


def _runs(classes: list[Ranges], row: list[int]) -> list[Run]:
    pieces = sorted((*pair, to) for letters, to in zip(classes, row, strict=True) if to != DEAD for pair in letters)
    grouped: list[tuple[int, list[tuple[int, int]]]] = []
    for first, last, to in pieces:
        if not grouped or grouped[-1][0] != to:
            grouped.append((to, []))
        grouped[-1][1].append((first, last))
    return [Run(tuple(pairs), to, size(tuple(pairs))) for to, pairs in grouped]


# -- planning -----------------------------------------------------------------------------------------------


def _planned(
    where: str, patterns: tuple[str, ...], shortest: int, longest: int | None, alphabet: Ranges, needed: int
) -> Language:
    declared = (patterns, shortest, longest, alphabet, needed)
    _check_lengths(where, shortest, longest)
    trees, alphabet = _trees(where, patterns, alphabet)
    as_given = trees, shortest, longest
    trees, shortest, longest, cut = _lengths_taken_out(trees, shortest, longest)
    classes = partition([letters for tree in trees for letters in sorted(sets_of(tree))], alphabet)
    tied = [_is_tied(tree) for tree in trees]
    says_nothing = longest != 1 and all(map(_is_any_letter, as_given[0]))
    first = tied if says_nothing or (any(tied) and len(tied) > 1) else [True] * len(trees)
    found = None
    for whole in [first, tied] if first != tied else [first]:
        language = _counted(where, patterns, trees, classes, whole, shortest, longest, cut, declared)
        found = language or found
        if language and language.cardinality >= needed:
            break
    if found is None:
        raise _nothing(where, patterns, classes, *as_given)
    return found


def _check_lengths(where: str, shortest: int, longest: int | None) -> None:
    if shortest < 0 or (longest is not None and shortest > longest):
        raise SchemaError(
            f"{where}: the lengths contradict each other: at least {shortest} and at most {longest}.",
            hint="Correct min_length and max_length.",
        )
    if shortest > MAXIMUM_LENGTH:
        raise SchemaError(
            f"{where}: texts of at least {shortest:,} characters are asked for.",
            hint=f"Declare a min_length of at most {MAXIMUM_LENGTH:,}.",
        )


def _trees(where: str, patterns: tuple[str, ...], alphabet: Ranges) -> tuple[list[Node], Ranges]:
    """The patterns' trees, and the alphabet with what they name."""
    beyond = any(last > 0x7F for _, last in alphabet)
    parsed = [parse(where, pattern, beyond) for pattern in patterns]
    for one in parsed:
        alphabet = union(alphabet, one.named)
    if not beyond and any(last > 0x7F for _, last in alphabet):
        parsed = [parse(where, pattern, True) for pattern in patterns]
    return [one.tree for one in parsed], alphabet


def _is_tied(tree: Node) -> bool:
    """Whether every match is of the whole text, as far as the pattern's form shows it."""
    return _ends_with(tree, Start, 0) and _ends_with(tree, End, -1)


def _is_any_letter(tree: Node) -> bool:
    """Whether a pattern looks for one character of nearly any kind, and so says nothing of how long a text is."""
    rest = [part for part in _flat(Parts((tree,))) if not isinstance(part, (Start, End))]
    one = rest[0] if len(rest) == 1 and not _is_tied(tree) else None
    return isinstance(one, Letters) and union(one.set, _ALPHANUMERIC) == one.set


def _ends_with(tree: Node, end: type, side: int) -> bool:
    if isinstance(tree, Parts):
        return bool(tree.parts) and _ends_with(tree.parts[side], end, side)
    if isinstance(tree, Alternation):
        return all(_ends_with(part, end, side) for part in tree.parts)
    return isinstance(tree, end)


def _lengths_taken_out(
    trees: list[Node], shortest: int, longest: int | None
) -> tuple[list[Node], int, int | None, bool]:
    """`^x[a-z]{1,200}$` is `^x[a-z]*$` with lengths, which needs two states instead of two hundred.

    So where all but one part of a whole-text pattern has one length, and the other repeats a set of letters.
    """
    kept: list[Node] = []
    cut = False
    for tree in trees:
        parts = _flat(tree)
        open_parts = [i for i, part in enumerate(parts) if _fixed_length(part) is None]
        repeated = parts[open_parts[0]] if len(open_parts) == 1 and _is_tied(tree) else None
        if isinstance(repeated, Repeat) and isinstance(repeated.part, Letters) and repeated.most is not None:
            other = sum(_fixed_length(part) or 0 for part in parts)
            most = other + repeated.most
            shortest, cut = max(shortest, other + repeated.least), True
            longest = most if longest is None else min(longest, most)
            parts[open_parts[0]] = Repeat(repeated.part, 0, None)
            tree = Parts(tuple(parts))
        kept.append(tree)
    return kept, shortest, longest, cut


def _flat(tree: Node) -> list[Node]:
    """The parts of a sequence, and of the sequences in it."""
    return [inner for part in tree.parts for inner in _flat(part)] if isinstance(tree, Parts) else [tree]


def _fixed_length(node: Node) -> int | None:
    """How many letters a part takes, where that is always the same number."""
    if isinstance(node, Letters):
        return 1
    if isinstance(node, Repeat):
        length = _fixed_length(node.part)
        return node.least * length if length is not None and node.least == node.most else None
    if isinstance(node, (Parts, Alternation)):
        lengths = [_fixed_length(part) for part in node.parts]
        if None in lengths:
            return None
        if isinstance(node, Parts):
            return sum(length for length in lengths if length)
        return lengths[0] if len(set(lengths)) == 1 else None
    return 0


def _counted(
    where: str,
    patterns: tuple[str, ...],
    trees: list[Node],
    classes: list[Ranges],
    whole: list[bool],
    shortest: int,
    longest: int | None,
    cut: bool,
    declared: tuple[Any, ...],
) -> Language | None:
    """The language of the trees, each of the whole text or anywhere in it; None where it has no text.

    `cut`: whether a pattern's own bound on the length has become part of `longest`.
    """
    automaton = None
    for pattern, tree, entire in zip(patterns, trees, whole, strict=True):
        one = automaton_of(where, pattern, tree, classes, entire)
        automaton = one if automaton is None else both(where, " and ".join(patterns), automaton, one)
    assert automaton is not None
    if automaton.is_empty:
        return None
    most = longest_text(automaton)
    bounded = most is not None or cut
    limit = min(x for x in (longest, most, MAXIMUM_LENGTH) if x is not None)
    if longest is None and most is None:
        least = _first_length(automaton, shortest)
        if least is None:
            return None
        limit = max(ROOM[0], least + ROOM[1])
    counts = _counts(where, patterns, automaton, classes, limit)
    lengths = tuple(length for length in range(shortest, limit + 1) if 0 in counts[length])
    return Language(automaton, classes, lengths, counts, bounded, declared) if lengths else None


def _first_length(automaton: Automaton, shortest: int) -> int | None:
    """The least length of at least `shortest` that a text has; found within one round through the states."""
    onward = [{to for to in row if to != DEAD} for row in automaton.steps]
    reached = {0}
    for length in range(min(shortest + len(onward), MAXIMUM_LENGTH) + 1):
        if length >= shortest and any(automaton.accepting[state] for state in reached):
            return length
        reached = {to for state in reached for to in onward[state]}
    return None


def _counts(
    where: str, patterns: tuple[str, ...], automaton: Automaton, classes: list[Ranges], limit: int
) -> list[dict[int, int]]:
    sizes = [size(letters) for letters in classes]
    before: list[dict[int, int]] = [{} for _ in automaton.steps]  # state -> its predecessors, by how many letters
    for state, row in enumerate(automaton.steps):
        for letters, to in zip(sizes, row, strict=True):
            if to != DEAD:
                before[to][state] = before[to].get(state, 0) + letters
    layer = {state: 1 for state, accepts in enumerate(automaton.accepting) if accepts}
    counts, total = [layer], len(layer)
    for _ in range(limit):
        following, layer = layer, {}
        for to, texts in following.items():
            for state, letters in before[to].items():
                layer[state] = layer.get(state, 0) + letters * texts
        counts.append(layer)
        total += len(layer)
        if total > MAXIMUM_COUNTS:
            raise SchemaError(
                f"{where}: the pattern {' and '.join(map(repr, patterns))} with texts of up to {limit:,} characters "
                f"needs more than {MAXIMUM_COUNTS:,} counts.",
                hint="Declare a smaller max_length.",
            )
    return counts


def _nothing(
    where: str, patterns: tuple[str, ...], classes: list[Ranges], trees: list[Node], shortest: int, longest: int | None
) -> NoText:
    """Why there is no text: the lengths, one pattern alone, or several together."""
    said = " and ".join(map(repr, patterns))
    some = len(patterns) > 1
    everything = _counted(where, patterns, trees, classes, [False] * len(trees), 0, None, False, ())
    if everything:
        most = f" to {longest}" if longest is not None else " or more"
        lengths = everything.lengths
        return NoText(
            f"{where}: no text of {shortest}{most} characters matches the pattern{'s' * some} {said}; "
            f"texts of {lengths[0]} to {lengths[-1]} characters are the first that do.",
            hint="Correct min_length, max_length or the pattern.",
        )
    letters = ranges(*(pair for a in classes for pair in a))
    alphabet = "printable ASCII" if letters == PRINTABLE else "the column's alphabet"
    return NoText(
        f"{where}: no text over {alphabet} matches {'all of ' * some}the pattern{'s' * some} {said}.",
        hint="Correct the patterns; one that means other characters has to name them."
        if some
        else "Correct the pattern; name the characters it means where they are others.",
    )
