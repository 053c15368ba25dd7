"""This file knows automata: syntax tree -> the least deterministic automaton of the texts that match; their products.

A tree becomes a small program (Thompson 1968). Running it on all texts at once gives the states: sets of places in the
program, each with what it still owes. A lookahead is such a debt: a place may go on only while its automaton, run
beside it, is not dead, and the text may end there only where that accepts. A lookbehind is an automaton run over the
text from its start. So lookarounds may stand anywhere, even in a repetition, and negation costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from gen.schema.characters import Ranges
from gen.synth.patterns.places import Places, Work, inside
from gen.synth.patterns.program import END, START, Compiled, Program, compiled, too_large
from gen.synth.patterns.tree import End, Node, Sequence

MAXIMUM_STATES = 10_000  # of an automaton
DEAD = -1
_PAYING = 4  # steps, of a debt


# -- from programs to states -----------------------------------------------------------------------------------

_Debt: TypeAlias = Any  # END_DEBT, or (lookaround, negated, state of its program)
_State: TypeAlias = "frozenset[tuple[int, frozenset[_Debt]]]"  # places, each with what it owes
_Whole: TypeAlias = "tuple[tuple[_State, ...], _State]"  # of the lookbehinds, and of the main program
_END_DEBT: _Debt = (END, False, frozenset())
_CLEAR: frozenset[_Debt] = frozenset()
_S = TypeVar("_S", bound=Hashable)
MATCHED: _State = frozenset([(0, _CLEAR)])
_FAILED: _State = frozenset()


class _Runner:
    """Runs programs on classes of letters. `context` is what lookbehinds say: (at the start, does each one match)."""

    def __init__(self, code: Compiled, classes: list[Ranges], work: Work) -> None:
        self.work = work
        self.letters = range(len(classes))
        self.looks = code.looks
        self.programs = {END: code.main} | {i: program for i, (program, _, _) in enumerate(self.looks)}
        self.behind = [i for i, (_, ahead, _) in enumerate(self.looks) if not ahead]
        self.fits = {
            i: [None if s is None else {c for c, a in enumerate(classes) if inside(a, s)} for s in program.takes]
            for i, program in self.programs.items()
        }
        self.closures: dict[Any, list[tuple[int, frozenset[_Debt]]]] = {}

    def begin(self, which: int, context: Any) -> _State:
        program = self.programs[which]
        return self._state(program, self._closure(which, program.first, context))

    def _closure(self, which: int, place: int, context: Any) -> list[tuple[int, frozenset[_Debt]]]:
        """The places that take a letter, or accept, which are reached from a place without a letter."""
        key = which, place, context
        if key not in self.closures:
            program, found, todo, seen = self.programs[which], [], [(place, _CLEAR)], set()
            while todo:
                here = todo.pop()
                if here in seen:
                    continue
                seen.add(here)
                at, debts = here
                if at == 0 or program.takes[at] is not None:
                    found.append(here)
                    continue
                owed = self._owed(program.asks[at], context)
                if owed is not None:
                    todo.extend((following, debts | owed) for following in program.goes[at])
                self.work.add(1)
            self.closures[key] = found
        return self.closures[key]

    def _owed(self, asked: int | None, context: Any) -> frozenset[_Debt] | None:
        """What is owed for going on where a lookaround is asked: nothing, a debt, or None where it fails now."""
        if asked is None:
            return _CLEAR
        if asked == START:
            return _CLEAR if context[0] else None
        if asked == END:
            return frozenset([_END_DEBT])
        _, ahead, negated = self.looks[asked]
        if not ahead:
            return _CLEAR if context[1][self.behind.index(asked)] != negated else None
        return _debt(asked, negated, self.begin(asked, context))

    def step(self, which: int, state: _State, letter: int, context: Any) -> _State:
        """The state after one more letter; `context` is that after the letter."""
        if state == MATCHED and self.programs[which].loops:
            return state
        program, fits = self.programs[which], self.fits[which]
        found: list[tuple[int, frozenset[_Debt]]] = []
        self.work.add(len(state))
        for place, debts in state:
            if place == 0:
                reached = [(0, _CLEAR)] if program.loops else []
            else:
                taken = fits[place]
                if taken is None or letter not in taken:
                    continue
                reached = self._closure(which, program.goes[place][0], context)
            if debts and reached:
                paid = self._paid(debts, letter, context)
                if paid is None:
                    continue
                reached = [(following, owed | paid) for following, owed in reached]
            found.extend(reached)
        self.work.add(len(found))
        return self._state(program, found)

    def _paid(self, debts: frozenset[_Debt], letter: int, context: Any) -> frozenset[_Debt] | None:
        """What is still owed after a letter; None where a debt cannot be paid any more."""
        left: set[_Debt] = set()
        self.work.add(_PAYING * len(debts))
        for which, negated, state in debts:
            if which == END:
                return None
            owed = _debt(which, negated, self.step(which, state, letter, context))
            if owed is None:
                return None
            left |= owed
        return frozenset(left)

    def _state(self, program: Program, found: list[tuple[int, frozenset[_Debt]]]) -> _State:
        state = frozenset(found)
        if program.loops and (0, _CLEAR) in state:
            return MATCHED
        if any(debts for _, debts in state):  # who owes more than another at the same place adds nothing
            by_place: dict[int, list[frozenset[_Debt]]] = {}
            for place, debts in state:
                by_place.setdefault(place, []).append(debts)
            self.work.add(sum(len(owed) ** 2 for owed in by_place.values()))
            state = frozenset(
                (place, debts) for place, owed in by_place.items() for debts in owed if not any(o < debts for o in owed)
            )
        return state

    def accepts(self, state: _State) -> bool:
        """Whether the text may end here."""
        return any(
            place == 0 and all(which == END or self.accepts(owed) != negated for which, negated, owed in debts)
            for place, debts in state
        )

    # -- all together ---------------------------------------------------------------------------------------

    def start(self) -> _Whole:
        behind, context = self._behind((), None, 0)
        return behind, self.begin(END, context)

    def follow(self, whole: _Whole) -> list[_Whole]:
        """The states after one more letter, of each class."""
        return [self._after(whole, letter) for letter in self.letters] if whole[1] else [whole] * len(self.letters)

    def _after(self, whole: _Whole, letter: int) -> _Whole:
        behind, context = self._behind(whole[0], whole, letter)
        return behind, self.step(END, whole[1], letter, context)

    def _behind(self, states: tuple[_State, ...], before: Any, letter: int) -> tuple[tuple[_State, ...], Any]:
        """All lookbehinds one letter further (or at the start), inner ones first, and what they then say."""
        new: list[_State] = []
        says: list[bool] = []
        for i, which in enumerate(self.behind):
            context = before is None, (*says, *([False] * (len(self.behind) - i)))
            state = self.begin(which, context) if before is None else self.step(which, states[i], letter, context)
            new.append(state)
            says.append(any(place == 0 for place, _ in state))
        return tuple(new), (before is None, tuple(says))


def _debt(which: int, negated: bool, state: _State) -> frozenset[_Debt] | None:
    """A lookahead in a state, as a debt: none once it holds whatever follows, None once it cannot hold."""
    if state in (MATCHED, _FAILED):
        return _CLEAR if (state == MATCHED) != negated else None
    return frozenset([(which, negated, state)])


# -- automata -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Automaton:
    """Deterministic, least, and without states from which no text is accepted.

    steps[state][class]: the state after a letter of that class, or DEAD. State 0 is the start; no states: no texts.
    """

    steps: list[list[int]]
    accepting: list[bool]

    @property
    def is_empty(self) -> bool:
        return not self.steps


def automaton_of(where: str, pattern: str, tree: Node, classes: list[Ranges], whole: bool) -> Automaton:
    """The texts with a match of the tree: anywhere in them, or, if `whole`, of the whole text.

    Raises SchemaError where that takes more than a stated number of places, states or steps.
    """
    code = compiled(where, pattern, Sequence((tree, End())) if whole else tree, open_start=not whole)
    work = Work(where, pattern)
    if code.looks:
        runner = _Runner(code, classes, work)
        return _explored(work, runner.start(), runner.follow, lambda state: runner.accepts(state[1]))
    places = Places(code.main, classes, work)
    return _explored(work, places.begin(), places.follow, places.accepts)


def _explored(work: Work, begun: _S, follow: Callable[[_S], list[_S]], accepts: Callable[[_S], bool]) -> Automaton:
    """The least automaton of the states that are reached."""
    numbers, todo, steps = {begun: 0}, [begun], []
    for state in todo:
        following = []
        for reached in follow(state):
            if reached not in numbers:
                if len(numbers) >= MAXIMUM_STATES:
                    raise too_large(work.where, work.pattern, f"{MAXIMUM_STATES:,} states")
                numbers[reached] = len(numbers)
                todo.append(reached)
            following.append(numbers[reached])
        steps.append(following)
    return minimised(steps, [accepts(state) for state in todo])


def both(where: str, pattern: str, a: Automaton, b: Automaton) -> Automaton:
    """The texts that two automata accept, over the same classes of letters."""
    if a.is_empty or b.is_empty:
        return Automaton([], [])
    numbers, todo, steps = {(0, 0): 0}, [(0, 0)], []
    for left, right in todo:
        following = []
        for x, y in zip(a.steps[left], b.steps[right], strict=True):
            if x == DEAD or y == DEAD:
                following.append(DEAD)
                continue
            if (x, y) not in numbers:
                if len(numbers) >= MAXIMUM_STATES:
                    raise too_large(where, pattern, f"{MAXIMUM_STATES:,} states")
                numbers[x, y] = len(numbers)
                todo.append((x, y))
            following.append(numbers[x, y])
        steps.append(following)
    return minimised(steps, [a.accepting[left] and b.accepting[right] for left, right in todo])


def minimised(steps: list[list[int]], accepting: list[bool]) -> Automaton:
    """The least automaton with the same texts, started from lengths, which tell most states apart."""
    nearest = _distances(steps, accepting)
    live = [state for state in range(len(steps)) if nearest[state] >= 0]
    if not steps or nearest[0] < 0:
        return Automaton([], [])
    number: dict[Any, int] = {}
    longest = _longest(steps, live)
    group = {s: number.setdefault((accepting[s], nearest[s], longest[s]), len(number)) for s in live}
    _refine(steps, group)
    return _renumbered(steps, accepting, group)


def _refine(steps: list[list[int]], group: dict[int, int]) -> None:
    """Split groups of states until all of one go on to the same groups.

    The largest part of a group keeps its number, so a state gets another at most log2(states) times (Hopcroft 1971),
    and only states that lead to a renumbered one are looked at again.
    """
    before: dict[int, list[int]] = {state: [] for state in group}
    members: dict[int, set[int]] = {}
    for state, which in group.items():
        members.setdefault(which, set()).add(state)
        for to in set(steps[state]) & group.keys():
            before[to].append(state)
    touched: Iterable[int] = group
    while touched:
        parts: dict[int, dict[tuple[int, ...], list[int]]] = {}
        for state in touched:
            shape = tuple([group.get(to, DEAD) for to in steps[state]])
            parts.setdefault(group[state], {}).setdefault(shape, []).append(state)
        moved: list[int] = []
        for which, shapes in parts.items():
            moved += _split(which, list(shapes.values()), members, group)
        touched = {earlier for state in moved for earlier in before[state]}


def _split(which: int, parts: list[list[int]], members: dict[int, set[int]], group: dict[int, int]) -> list[int]:
    """Give all parts of a group but the largest numbers of their own: the states that got one.

    The members that are in none of the parts are one, too: they lead to no new number, and all others do.
    """
    others = len(members[which]) - sum(map(len, parts))
    parts.sort(key=len)
    if others < len(parts[-1]):
        largest = parts.pop()
        if others:
            parts.append(list(members[which].difference(largest, *parts)))
    moved = []
    for part in parts:
        number = len(members)
        members[number] = set(part)
        members[which] -= members[number]
        group.update(dict.fromkeys(part, number))
        moved += part
    return moved


def _renumbered(steps: list[list[int]], accepting: list[bool], group: dict[int, int]) -> Automaton:
    """One state for each group, in the order in which they are reached."""
    example: dict[int, int] = {}
    for state, which in group.items():
        example.setdefault(which, state)
    order, todo = {group[0]: 0}, [group[0]]
    found = []
    for which in todo:
        row = []
        for to in steps[example[which]]:
            target = group.get(to, DEAD)
            if target != DEAD and target not in order:
                order[target] = len(order)
                todo.append(target)
            row.append(order.get(target, DEAD))
        found.append(row)
    return Automaton(found, [accepting[example[which]] for which in todo])


def _distances(steps: list[list[int]], accepting: list[bool]) -> list[int]:
    """How many letters each state is from accepting; -1 where it never does."""
    before: list[list[int]] = [[] for _ in steps]
    for state, row in enumerate(steps):
        for to in set(row):
            if to != DEAD:
                before[to].append(state)
    distance = [0 if accepts else -1 for accepts in accepting]
    todo = [state for state, accepts in enumerate(accepting) if accepts]
    for state in todo:
        for earlier in before[state]:
            if distance[earlier] < 0:
                distance[earlier] = distance[state] + 1
                todo.append(earlier)
    return distance


def _longest(steps: list[list[int]], live: list[int]) -> dict[int, int]:
    """How many letters may follow each live state at most; -1 where there is no limit."""
    alive = set(live)
    onward = {state: {to for to in steps[state] if to in alive} for state in live}
    before: dict[int, list[int]] = {state: [] for state in live}
    for state, targets in onward.items():
        for to in targets:
            before[to].append(state)
    left = {state: len(targets) for state, targets in onward.items()}
    longest = dict.fromkeys(live, -1)
    todo = [state for state in live if not left[state]]
    for state in todo:
        longest[state] = max((longest[to] + 1 for to in onward[state]), default=0)
        for earlier in before[state]:
            left[earlier] -= 1
            if not left[earlier]:
                todo.append(earlier)
    return longest


def longest_text(automaton: Automaton) -> int | None:
    """How long its longest text is; None where there is none."""
    longest = _longest(automaton.steps, list(range(len(automaton.steps))))[0]
    return None if longest < 0 else longest
