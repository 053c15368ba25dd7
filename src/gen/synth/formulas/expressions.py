"""This file knows safe expressions over the columns of a row: `price * quantity`, `status == "shipped" and paid`.

They have the syntax of Python and are computed by Arrow, whole columns at a time; a null in gives a null out, but for
`is None`, `is_null` and `coalesce`, and where `and` and `or` are decided by one side. Nothing can be said in them but
what is in the tables here and in `operations`: no call of anything else, no name but a field's, no dot but in a path
through references, `customer_id.region`.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gen.block import null_of, plain, scalar_of
from gen.errors import GenError, SchemaError
from gen.synth.formulas.operations import FUNCTIONS, INSTEAD, LARGEST_POWER, OPERATORS, SIGNS, alike, together, widened

Lookup = Callable[[str], pa.Array]
DEEPEST = 100  # levels of brackets and operators inside each other
MOST_TERMS = 2000
_SHOWN = 120  # characters of an expression in a message
_KERNEL = re.compile(r"Function '(\w+)' has no kernel matching input types \((.*)\)")
# words of a reason -> what to do about it
_HINTS = (
    ("divide by zero", "Guard it: a / b if b != 0 else 0."),
    ("does not go with", "Convert one side: str(a), int(s), float(a), date(w); a date moves by days(3)."),
    ("isoformat", "Write dates as '2026-01-31', moments as '2026-01-31T12:00'."),
    ("overflow", "Make it float(a), or the numbers smaller."),
)
_LONELY = (ast.In, ast.NotIn, ast.Is, ast.IsNot)


def _refusal(node: Any) -> str | None:
    """Why a node of the tree cannot be said; None where it can."""
    if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.BoolOp)) and type(node.op) not in {**OPERATORS, **SIGNS}:
        return f"it holds the operator {type(node.op).__name__}{_instead(type(node.op).__name__)}"
    if isinstance(node, ast.Attribute) and _path_of(node) is None:
        return _dotted(node)
    if type(node) not in _NODES:
        return f"it holds a {type(node).__name__}{_instead(type(node).__name__)}"
    refuse = _REFUSALS.get(type(node))
    return refuse(node) if refuse else None


def _dotted(node: Any) -> str:
    """Why a dot cannot be said, and what can instead."""
    said = f"{node.attr}({_short(node.value)})"
    return f"it holds a dot, .{node.attr}{f': write {said}' if node.attr in FUNCTIONS else ''}"


def _path_of(node: Any) -> str | None:
    """A path through references, as `customer_id.region`; None where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    named = isinstance(node, ast.Attribute) and not node.attr.startswith("_")
    inside = _path_of(node.value) if named else None
    return f"{inside}.{node.attr}" if inside else None


def _instead(name: str) -> str:
    """How to say what has another name here."""
    return f": write {INSTEAD[name]}" if name in INSTEAD else ""


def _short(node: Any) -> str:
    said = ast.unparse(node)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."


def _constant_refusal(node: Any) -> str | None:
    value = node.value
    if not isinstance(value, (bool, int, float, str, type(None))):
        return f"it holds {value!r}"
    return "it holds a number beyond 64 bits" if isinstance(value, int) and abs(value) >= 2**63 else None


def _comparison_refusal(node: Any) -> str | None:
    if len(node.ops) > 1 and any(isinstance(each, _LONELY) for each in node.ops):
        return "`in` and `is` are not part of a chain; use brackets"
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operator, (ast.In, ast.NotIn)) and not getattr(right, "elts", None):
            return "`in` wants a list of values: in (1, 2); of a text say contains(s, 'a')"
        if isinstance(operator, (ast.Is, ast.IsNot)) and not (isinstance(right, ast.Constant) and right.value is None):
            return "`is` is for None alone"
    return None


def _call_refusal(node: Any) -> str | None:
    name = getattr(node.func, "id", None)
    method = getattr(node.func, "attr", None)
    if method in FUNCTIONS or method in INSTEAD:
        whole = ", ".join([_short(node.func.value), *map(_short, node.args)])
        return f"there is no function {_short(node.func)}{_instead(method) or f': write {method}({whole})'}"
    if name not in FUNCTIONS or node.keywords:
        near = difflib.get_close_matches(str(name), FUNCTIONS, 1, 0.7)
        return (
            f"there is no function {_short(node.func)}{_instead(str(name)) or (f': write {near[0]}' if near else '')}"
        )
    function, count = FUNCTIONS[name], len(node.args)
    if not function.fewest <= count <= function.most:
        return f"{name} takes {function.fewest} to {function.most} arguments, not {count}"
    if not all(_is_constant(node.args[i]) for i in function.constants if i < count):
        return f"{name} wants its last argument written out, not computed"
    return None


def _slice_refusal(node: Any) -> str | None:
    ends = node.slice
    if not isinstance(ends, ast.Slice) or ends.step is not None:
        return "a text is cut by [start:stop]"
    whole = all(end is None or isinstance(_constant_of(end), int) for end in (ends.lower, ends.upper))
    return None if whole else "a text is cut at whole numbers: [0:3]"


def _power_refusal(node: Any) -> str | None:
    power = _constant_of(node.right)
    if not isinstance(node.op, ast.Pow) or (isinstance(power, int) and 1 <= power <= LARGEST_POWER):
        return None
    return f"`**` wants a whole number from 1 to {LARGEST_POWER}, written out"


_REFUSALS: dict[type, Callable[[Any], str | None]] = {
    ast.Constant: _constant_refusal,
    ast.BinOp: _power_refusal,
    ast.Compare: _comparison_refusal,
    ast.Call: _call_refusal,
    ast.Subscript: _slice_refusal,
}


def _constant_of(node: Any) -> Any:
    """The value of a constant, which may have a sign; None where it is none."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if isinstance(node.operand.value, (int, float)) else None
    return node.value if isinstance(node, ast.Constant) else None


def _is_constant(node: Any) -> bool:
    return isinstance(node, ast.Constant) or _constant_of(node) is not None


def _children(node: Any) -> Iterator[Any]:
    """The nodes below one that are computed: no operators, no name of a function."""
    if isinstance(node, ast.Call):
        yield from node.args
    elif isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Compare):
        yield node.left
        for right in node.comparators:
            yield from getattr(right, "elts", [right])
    else:
        yield from (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))


def _may_fail(node: Any) -> bool:
    """Whether there are values of the fields of which what a node says cannot be computed; kept at the node."""
    if not hasattr(node, "may_fail"):
        calls = (ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call))
        operated = any(isinstance(each, (ast.BinOp, ast.USub)) for each in ast.walk(node))
        node.may_fail = operated or any(FUNCTIONS[name].fails for name in calls)
    return bool(node.may_fail)


def _only_where(condition: Any, lookup: Lookup) -> Lookup:
    """A look-up of the same columns, null where the condition does not hold: nothing is computed of a null."""
    if isinstance(condition, pa.Scalar):
        return lookup

    def masked(name: str) -> pa.Array:
        array = plain(lookup(name))
        return pc.if_else(condition, array, null_of(array.type))

    return masked


class Expression:
    """A parsed expression. `needs`: the fields it reads, in order. Call it with a look-up of columns by name.

    Raises SchemaError for what is not in the tables, and for more than 100 levels or 2,000 terms.
    """

    def __init__(self, where: str, text: str) -> None:
        self.where, self.text = where, text
        try:
            self.tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise self._refused(getattr(error, "msg", None) or str(error) or "it is too deep") from error
        self.needs = tuple(dict.fromkeys(self._checked()))

    def _checked(self) -> list[str]:
        """The names in the tree, all of which can be said."""
        names: list[str] = []
        waiting, terms = [(self.tree, 1)], 0
        while waiting:
            node, depth = waiting.pop()
            terms += 1
            if depth > DEEPEST or terms > MOST_TERMS:
                raise self._refused(f"it has more than {DEEPEST} levels, or {MOST_TERMS:,} terms")
            if reason := _refusal(node):
                raise self._refused(reason)
            path = _path_of(node)
            if path is not None:
                names.append(path)
                continue
            waiting += [(child, depth + 1) for child in reversed(list(_children(node)))]
        return names

    def __call__(self, lookup: Lookup) -> pa.Array:
        """The expression's values; a constant expression gives one scalar."""
        try:
            return self._value(self.tree, lookup)
        except GenError:
            raise
        except (pa.ArrowException, ValueError, TypeError, ArithmeticError) as error:
            raise self._failed(str(error).partition("\n")[0]) from error

    def _failed(self, reason: str) -> SchemaError:
        """What an expression that can be said came to; kernels of Arrow in words."""
        if found := _KERNEL.match(reason):
            name = found[1].removesuffix("_checked").removesuffix("_kleene")
            reason = f"{name} does not go with {found[2]}"
        error = self._refused(reason)
        error.hint = next((hint for words, hint in _HINTS if words in reason), error.hint)
        return error

    def __reduce__(self) -> Any:
        return Expression, (self.where, self.text)

    def _refused(self, reason: str) -> SchemaError:
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        return SchemaError(
            f"{self.where}: the expression {shown!r} cannot be computed: {reason}.",
            hint="Use fields, numbers, texts, + - * / // % **, == != < <= > >=, and, or, not, in, a if b else c, and "
            f"{', '.join(sorted(FUNCTIONS))}.",
        )

    # -- one kind of node each ------------------------------------------------------------------------------

    def _value(self, node: ast.AST, lookup: Lookup) -> Any:
        return _NODES[type(node)](self, node, lookup)

    def _constant(self, node: Any, lookup: Lookup) -> Any:
        return scalar_of(node.value)

    def _name(self, node: Any, lookup: Lookup) -> Any:
        return plain(lookup(node.id))

    def _path(self, node: Any, lookup: Lookup) -> Any:
        try:
            return plain(lookup(str(_path_of(node))))
        except SchemaError as error:
            if node.attr in FUNCTIONS and "there is no field" in error.message:
                raise self._refused(_dotted(node)) from error
            raise

    def _binary(self, node: Any, lookup: Lookup) -> Any:
        return self._apply(node.op, self._value(node.left, lookup), self._value(node.right, lookup))

    def _apply(self, operator: ast.AST, a: Any, b: Any) -> Any:
        return widened(OPERATORS[type(operator)], *alike(a, b))

    def _boolean(self, node: Any, lookup: Lookup) -> Any:
        """As in Python, what comes later is computed only where it counts, if it might fail elsewhere."""
        found = self._value(node.values[0], lookup)
        for value in node.values[1:]:
            decides = isinstance(node.op, ast.Or)
            if pa.types.is_boolean(found.type) and _may_fail(value):
                open_still = pc.fill_null(pc.not_equal(found, scalar_of(decides)), scalar_of(True))
                lookup = _only_where(open_still, lookup)
            found = self._apply(node.op, found, self._value(value, lookup))
        return found

    def _unary(self, node: Any, lookup: Lookup) -> Any:
        return SIGNS[type(node.op)](self._value(node.operand, lookup))

    def _comparison(self, node: Any, lookup: Lookup) -> Any:
        left, found = self._value(node.left, lookup), None
        for operator, right in zip(node.ops, node.comparators, strict=True):
            value = None
            if isinstance(operator, (ast.In, ast.NotIn)):
                one = self._among(left, [self._value(item, lookup) for item in right.elts])
            elif isinstance(operator, (ast.Is, ast.IsNot)):
                one = pc.is_null(left)
            else:
                value = self._value(right, lookup)
                one = self._apply(operator, left, value)
            one = pc.invert(one) if isinstance(operator, (ast.NotIn, ast.IsNot)) else one
            found, left = (one if found is None else pc.and_kleene(found, one)), value
        return found

    def _among(self, value: Any, items: Sequence[Any]) -> Any:
        found = scalar_of(False)
        for item in items:
            found = pc.or_kleene(found, self._apply(ast.Eq(), value, item))
        return found

    def _choice(self, node: Any, lookup: Lookup) -> Any:
        """As in Python, each side is computed only where it is chosen, if it might fail elsewhere."""
        condition, inside, outside = self._value(node.test, lookup), lookup, lookup
        if pa.types.is_boolean(condition.type):
            inside = _only_where(condition, lookup) if _may_fail(node.body) else lookup
            outside = _only_where(pc.invert(condition), lookup) if _may_fail(node.orelse) else lookup
        sides = alike(self._value(node.body, inside), self._value(node.orelse, outside))
        return pc.if_else(condition, *together(sides))

    def _call(self, node: Any, lookup: Lookup) -> Any:
        function = FUNCTIONS[node.func.id]
        arguments = [self._value(argument, lookup) for argument in node.args]
        if function.alike:
            arguments = together(arguments)
        return function.compute(*arguments)

    def _slice(self, node: Any, lookup: Lookup) -> Any:
        start, stop = (None if end is None else _constant_of(end) for end in (node.slice.lower, node.slice.upper))
        return pc.utf8_slice_codeunits(self._value(node.value, lookup), start or 0, stop)


_NODES: dict[type, Callable[[Expression, Any, Lookup], Any]] = {
    ast.Constant: Expression._constant,
    ast.Name: Expression._name,
    ast.Attribute: Expression._path,
    ast.BinOp: Expression._binary,
    ast.BoolOp: Expression._boolean,
    ast.UnaryOp: Expression._unary,
    ast.Compare: Expression._comparison,
    ast.IfExp: Expression._choice,
    ast.Call: Expression._call,
    ast.Subscript: Expression._slice,
}
