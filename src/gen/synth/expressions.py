"""This file knows safe expressions over the columns of a row: `price * quantity`, `status == "shipped" and paid`.

They have the syntax of Python and are computed by Arrow, whole columns at a time; a null in gives a null out. Nothing
but what is in the tables below can be said in them: no attribute, no call of anything else, no name but a field's.
"""

from __future__ import annotations

import ast
import datetime
import decimal
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gen.errors import SchemaError
from gen.schema.spec import suggestion

Lookup = Callable[[str], pa.Array]


def _added(a: Any, b: Any) -> Any:
    texts = [pa.types.is_string(x.type) for x in (a, b)]
    return pc.binary_join_element_wise(a, b, "") if all(texts) else pc.add_checked(a, b)


def _divided(a: Any, b: Any) -> Any:
    both = [x.cast(pa.float64()) if pa.types.is_integer(x.type) else x for x in (a, b)]
    return pc.divide_checked(*both)


def _floor_divided(a: Any, b: Any) -> Any:
    if pa.types.is_integer(a.type) and pa.types.is_integer(b.type):
        quotient = pc.divide_checked(a, b)  # towards zero
        rest = pc.subtract(a, pc.multiply(quotient, b))
        down = pc.and_(pc.not_equal(rest, 0), pc.less(pc.bit_wise_xor(rest, b), 0))
        return pc.subtract(quotient, down.cast(pa.int64()))
    return pc.floor(_divided(a, b))


_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: _added,
    ast.Sub: pc.subtract_checked,
    ast.Mult: pc.multiply_checked,
    ast.Div: _divided,
    ast.FloorDiv: _floor_divided,
    ast.Mod: lambda a, b: pc.subtract_checked(a, pc.multiply_checked(_floor_divided(a, b), b)),
    ast.Eq: pc.equal,
    ast.NotEq: pc.not_equal,
    ast.Lt: pc.less,
    ast.LtE: pc.less_equal,
    ast.Gt: pc.greater,
    ast.GtE: pc.greater_equal,
    ast.And: pc.and_kleene,
    ast.Or: pc.or_kleene,
}
_DAY, _HOUR, _MINUTE = 86_400_000_000, 3_600_000_000, 60_000_000


def _duration(microseconds: int) -> Callable[[Any], Any]:
    def made(count: Any) -> Any:
        steps = pc.multiply_checked(count.cast(pa.float64()), float(microseconds))
        return pc.round(steps).cast(pa.int64()).cast(pa.duration("us"))

    return made


# name -> (fewest arguments, most, what computes it)
_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "abs": (1, 1, pc.abs_checked),
    "sqrt": (1, 1, lambda x: pc.sqrt_checked(x.cast(pa.float64()))),
    "floor": (1, 1, pc.floor),
    "ceil": (1, 1, pc.ceil),
    "round": (1, 2, lambda x, places=None: pc.round(x, 0 if places is None else places.as_py())),
    "min": (2, 9, lambda *x: pc.min_element_wise(*x)),
    "max": (2, 9, lambda *x: pc.max_element_wise(*x)),
    "coalesce": (2, 9, lambda *x: pc.coalesce(*x)),
    "int": (1, 1, lambda x: (pc.trunc(x) if pa.types.is_floating(x.type) else x).cast(pa.int64())),
    "float": (1, 1, lambda x: x.cast(pa.float64())),
    "str": (1, 1, lambda x: x.cast(pa.string())),
    "lower": (1, 1, pc.utf8_lower),
    "upper": (1, 1, pc.utf8_upper),
    "title": (1, 1, pc.utf8_title),
    "strip": (1, 1, pc.utf8_trim_whitespace),
    "len": (1, 1, lambda x: pc.utf8_length(x).cast(pa.int64())),
    "replace": (3, 3, lambda x, old, new: pc.replace_substring(x, old.as_py(), new.as_py())),
    "year": (1, 1, pc.year),
    "month": (1, 1, pc.month),
    "day": (1, 1, pc.day),
    "hour": (1, 1, pc.hour),
    "weekday": (1, 1, pc.day_of_week),
    "days": (1, 1, _duration(_DAY)),
    "hours": (1, 1, _duration(_HOUR)),
    "minutes": (1, 1, _duration(_MINUTE)),
    "seconds": (1, 1, _duration(1_000_000)),
    "is_null": (1, 1, pc.is_null),
}
_CONSTANTS = (bool, int, float, str, type(None))


class Expression:
    """A parsed expression. `needs`: the fields it reads, in order. Call it with a look-up of columns by name."""

    def __init__(self, where: str, text: str) -> None:
        self.where, self.text = where, text
        try:
            self.tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError) as error:
            raise self._refused(getattr(error, "msg", str(error))) from error
        self.needs = tuple(dict.fromkeys(self._names(self.tree)))

    def __call__(self, lookup: Lookup) -> pa.Array:
        """The expression's values; a constant expression gives one scalar."""
        try:
            return self._value(self.tree, lookup)
        except pa.ArrowException as error:
            raise self._refused(str(error).partition("\n")[0]) from error

    def __reduce__(self) -> Any:
        return Expression, (self.where, self.text)

    def _refused(self, reason: str) -> SchemaError:
        return SchemaError(
            f"{self.where}: the expression {self.text!r} cannot be computed: {reason}.",
            hint="Use fields, numbers, texts, + - * / // %, comparisons, and, or, not, in, a if b else c, and "
            f"{', '.join(sorted(_FUNCTIONS))}.",
        )

    def _names(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Call):
            for argument in node.args:
                yield from self._names(argument)
        elif isinstance(node, ast.Name):
            yield node.id
        else:
            for child in ast.iter_child_nodes(node):
                yield from self._names(child)

    def _value(self, node: ast.AST, lookup: Lookup) -> Any:
        read = _NODES.get(type(node))
        if read is None:
            raise self._refused(f"it holds a {type(node).__name__}")
        return read(self, node, lookup)

    def _constant(self, node: Any, lookup: Lookup) -> Any:
        if not isinstance(node.value, _CONSTANTS):
            raise self._refused(f"it holds {node.value!r}")
        return pa.scalar(node.value)

    def _name(self, node: Any, lookup: Lookup) -> Any:
        array = lookup(node.id)
        return array.dictionary.take(array.indices) if pa.types.is_dictionary(array.type) else array

    def _binary(self, node: Any, lookup: Lookup) -> Any:
        return self._apply(node.op, *_alike(self._value(node.left, lookup), self._value(node.right, lookup)))

    def _apply(self, operator: ast.AST, a: Any, b: Any) -> Any:
        compute = _OPERATORS.get(type(operator))
        if compute is None:
            raise self._refused(f"it holds the operator {type(operator).__name__}")
        return compute(a, b)

    def _boolean(self, node: Any, lookup: Lookup) -> Any:
        first, *others = (self._value(value, lookup) for value in node.values)
        for other in others:
            first = self._apply(node.op, first, other)
        return first

    def _unary(self, node: Any, lookup: Lookup) -> Any:
        value = self._value(node.operand, lookup)
        if isinstance(node.op, ast.Not):
            return pc.invert(value)
        if isinstance(node.op, ast.USub):
            return pc.negate_checked(value)
        return value

    def _comparison(self, node: Any, lookup: Lookup) -> Any:
        left, found = node.left, None
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, (ast.In, ast.NotIn)):
                listed = [self._value(item, lookup) for item in getattr(right, "elts", ())]
                one = pc.is_in(self._value(left, lookup), pa.array([item.as_py() for item in listed]))
                one = pc.invert(one) if isinstance(operator, ast.NotIn) else one
            elif isinstance(operator, (ast.Is, ast.IsNot)):
                one = pc.is_null(self._value(left, lookup))
                one = pc.invert(one) if isinstance(operator, ast.IsNot) else one
            else:
                one = self._apply(operator, *_alike(self._value(left, lookup), self._value(right, lookup)))
            found, left = (one if found is None else pc.and_kleene(found, one)), right
        return found

    def _choice(self, node: Any, lookup: Lookup) -> Any:
        condition = self._value(node.test, lookup)
        return pc.if_else(condition, *_alike(self._value(node.body, lookup), self._value(node.orelse, lookup)))

    def _call(self, node: Any, lookup: Lookup) -> Any:
        name = getattr(node.func, "id", None)
        if name not in _FUNCTIONS or node.keywords:
            raise self._refused(f"there is no function {name!r}; {suggestion(str(name), _FUNCTIONS)}")
        fewest, most, compute = _FUNCTIONS[name]
        if not fewest <= len(node.args) <= most:
            raise self._refused(f"{name} takes {fewest} to {most} arguments, not {len(node.args)}")
        return compute(*(self._value(argument, lookup) for argument in node.args))

    def _slice(self, node: Any, lookup: Lookup) -> Any:
        ends = node.slice
        if not isinstance(ends, ast.Slice) or ends.step is not None:
            raise self._refused("a text is cut by [start:stop]")
        start, stop = (None if end is None else self._value(end, lookup).as_py() for end in (ends.lower, ends.upper))
        return pc.utf8_slice_codeunits(self._value(node.value, lookup), start or 0, stop)


_NODES: dict[type, Callable[[Expression, Any, Lookup], Any]] = {
    ast.Constant: Expression._constant,
    ast.Name: Expression._name,
    ast.BinOp: Expression._binary,
    ast.BoolOp: Expression._boolean,
    ast.UnaryOp: Expression._unary,
    ast.Compare: Expression._comparison,
    ast.IfExp: Expression._choice,
    ast.Call: Expression._call,
    ast.Subscript: Expression._slice,
}


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Both sides in types that Arrow computes together: texts beside times as times, numbers beside decimals too."""
    return _like(a, b.type), _like(b, a.type)


def _like(value: Any, other: pa.DataType) -> Any:
    if not isinstance(value, pa.Scalar) or value.as_py() is None:
        return value
    if pa.types.is_string(value.type) and (pa.types.is_temporal(other) and not pa.types.is_duration(other)):
        moment = datetime.datetime.fromisoformat(value.as_py())
        return pa.scalar(moment).cast(other) if not pa.types.is_date(other) else pa.scalar(moment.date()).cast(other)
    if pa.types.is_floating(value.type) and pa.types.is_decimal(other):
        return pa.scalar(decimal.Decimal(repr(value.as_py())))  # as it was written: 0.19, not the nearest double
    return value
