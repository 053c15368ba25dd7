"""Proves that expressions say what Python says, row by row, that a null gives a null, and nothing else is let in."""

import datetime
import decimal
import math
import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from gen.errors import SchemaError
from gen.synth.formulas.expressions import DEEPEST, MOST_TERMS, Expression
from gen.synth.formulas.operations import FUNCTIONS, OPERATORS

D = decimal.Decimal
DAY, SECOND = datetime.timedelta(days=1), datetime.timedelta(seconds=1)
ROWS = {
    "a": (pa.int64(), [7, -7, 0, 3, None, 12, -1]),
    "b": (pa.int64(), [2, 2, 5, -2, 3, None, -7]),
    "x": (pa.float64(), [1.0, -7.5, 0.3, 2.5, 1e9, None, -0.1]),
    "y": (pa.float64(), [0.1, 2.0, 0.1, -0.7, 3.0, 1.0, None]),
    "p": (pa.decimal128(10, 2), [D("1.50"), D("7.25"), D("0.00"), D("9.99"), D("99999999.99"), None, D("0.01")]),
    "q": (pa.decimal128(6, 3), [D("0.190"), D("2.000"), D("1.005"), D("0.001"), None, D("3.000"), D("999.999")]),
    "s": (pa.string(), ["ab", "they are Öl", "", "aXa", " pad ", None, "日本語"]),
    "t": (pa.bool_(), [True, False, True, None, True, False, True]),
    "u": (pa.bool_(), [False, False, True, True, None, None, True]),
    "d": (
        pa.date32(),
        [datetime.date(2020, 1, 31), datetime.date(1969, 2, 28), None, *[datetime.date(2024, 2, 29)] * 4],
    ),
    "e": (pa.date32(), [datetime.date(2021, 3, 1)] * 6 + [None]),
    "w": (
        pa.timestamp("us"),
        [datetime.datetime(2020, 1, 31, 23, 6, 7, 8), None, *[datetime.datetime(1950, 1, 1)] * 5],
    ),
    "h": (pa.time64("us"), [datetime.time(5, 6, 7, 8), None, *[datetime.time(0)] * 5]),
    "i": (pa.duration("us"), [36 * 3600 * SECOND, -DAY, None, *[datetime.timedelta(microseconds=7)] * 4]),
}
COLUMNS = {name: pa.array(values, kind) for name, (kind, values) in ROWS.items()}
PYTHON = {
    "year": lambda v: v.year,
    "month": lambda v: v.month,
    "day": lambda v: v.day,
    "hour": lambda v: v.hour,
    "weekday": lambda v: v.weekday(),
    **{
        unit: lambda v, one=one: v / one if isinstance(v, datetime.timedelta) else v * one
        for unit, one in (("days", DAY), ("hours", 3600 * SECOND), ("minutes", 60 * SECOND), ("seconds", SECOND))
    },
    "quarter": lambda v: (v.month + 2) // 3,
    "minute": lambda v: v.minute,
    "second": lambda v: v.second,
    "date": lambda v, *more: (
        datetime.date(v, *more) if more else datetime.date.fromisoformat(v) if isinstance(v, str) else v.date()
    ),
    "datetime": lambda v: (
        datetime.datetime.fromisoformat(v) if isinstance(v, str) else datetime.datetime.combine(v, datetime.time())
    ),
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda text, part: part in text,
    "rjust": str.rjust,
    "ljust": str.ljust,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "strip": str.strip,
    "replace": str.replace,
}


def computed(text):
    return Expression("Thing.x", text)(COLUMNS.__getitem__)


def refusal(text):
    with pytest.raises(SchemaError) as error:
        computed(text)
    assert "Thing.x: the expression" in str(error.value)
    assert error.value.hint
    return str(error.value)


SAME_AS_PYTHON = """
a + b | a - b | a * b | a / b | a // b | a % b | -a | +a | abs(a) | a == b | a != b | a < b | a <= b | a > b | a >= b
x + y | x - y | x * y | x / y | x // y | x % y | -x | abs(x) | x < y | x == 2.5 | a + x | a / x if x != 0 else x | x * a
p + 1 | p - a | p * a | p * b * b | 2 * p | -p | p + 0 | abs(p) | p > a | p == 7 | p + q | p - q | p * q | p * q * q
round(p, 1) | floor(p) | ceil(p) | int(p) | float(p) | int(x) | floor(x) | ceil(x) | round(x) | float(a) | int(t)
s + "!" | "<" + s + ">" | s + s | s == "ab" | s < "b" | len(s) | lower(s) | upper(s) | title(s) | strip(s) | str(a)
s[1:] | s[:2] | s[-1:] | s[:-1] | s[1:3] | s[:] | replace(s, "a", "bb") | str(d) | str(p) | int("12") + a | sqrt(abs(x))
min(a, b) | max(a, b) | min(a, b, 1) | max(x, y) | min(x, a) | max(s, "b") | min(d, e) | max(p, q) | min(p, 5)
a if a > b else b | "low" if a < 3 else s | x if t else a | a in (7, 3) | a not in (7, 3) | s in ("ab", "")
a in (b, 3) | 1 < a < 9 | not t | (a > 0) == t | a - -b | a - b - 1 | a - (b - 1) | a * b + x * y | -a // b | -(a // b)
d - e | d + days(3) | d - days(b) | d < e | year(d) | month(d) | day(d) | weekday(d) | d + i | w + i | w - i | e - d - i
10 / a if a != 0 else 0 | a != 0 and 10 / a > 2 | a == 0 or 10 / a > 2 | 1 if a == 0 else (2 if 10 / a > 2 else 3)
a ** 2 | b ** 3 | p ** 2 | x ** 2 | x / y if y != 0 and x / y > 1 else y | sqrt(a) if a >= 0 else -1 | a // b ** 2
sqrt(a) if a > 0 and sqrt(a) < 3 else a
days(e - d) | hours(i) | seconds(i) | minutes(w - w) | (e - d) // days(1) | i % hours(5) | i // hours(5)
d > date("2020-01-01") | d - date(2020, 1, 31) | date(w) | w - datetime("2020-01-01T12:00") | datetime(d) | date(w) == d
quarter(d) | minute(w) | second(w) | minute(h) | startswith(s, "a") | endswith(s, "b") | contains(s, "X")
rjust(s, 5) | rjust(str(b), 4, "0") | ljust(s, 4, ".") | rjust(s, 1) | "#" + rjust(str(abs(b)), 3, "0")
year(w) | hour(w) | w - hours(30) | w + minutes(a) | w + seconds(x) | hour(h) | i * 2 | i * b | i / 2 | i / i | i // 2
i + i | i - days(1) | abs(i) | i < days(1) | d + days(365) > e | -i | p if t else q | p if t else 3
""".replace("\n", "|").split("|")


@pytest.mark.parametrize("text", sorted({text.strip() for text in SAME_AS_PYTHON} - {""}))
def test_an_expression_is_what_python_says_row_by_row_and_null_where_it_reads_a_null(text):
    expression = Expression("Thing.x", text)
    found = expression(COLUMNS.__getitem__)
    assert len(found) == 7
    compiled = compile(text, "", "eval")
    for i, value in enumerate(found.to_pylist()):
        row = {name: values[i] for name, (_, values) in ROWS.items()}
        if any(row[name] is None for name in expression.needs):
            if "if" not in text:
                assert value is None, (text, row)
            continue
        expected = eval(compiled, PYTHON, row)
        assert value == expected, (text, row)
        assert isinstance(value, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t and u", [False, False, True, None, None, False, True]),  # SQL's three values
        ("t or u", [True, False, True, True, True, None, True]),
        ("a is None", [False, False, False, False, True, False, False]),
        ("a is not None", [True, True, True, True, False, True, True]),
        ("is_null(x)", [False, False, False, False, False, True, False]),
        ("coalesce(a, b)", [7, -7, 0, 3, 3, 12, -1]),
        ("coalesce(s, 'none')", ["ab", "they are Öl", "", "aXa", " pad ", "none", "日本語"]),
        ("coalesce(d, '2000-01-01') == '2000-01-01'", [False, False, True, False, False, False, False]),
        ("a not in (7, 3)", [False, True, True, False, None, True, True]),
        ("a if t else None", [7, None, 0, None, None, None, -1]),
        ("None if t else a", [None, -7, None, None, None, 12, None]),
        ("a == None", [None] * 7),
        ("d == '2020-01-31'", [True, False, None, False, False, False, False]),
        ("d in ('2020-01-31', '1969-02-28')", [True, True, None, False, False, False, False]),
        ("w > '2000-01-01T00:00:00'", [True, None, False, False, False, False, False]),
        ("h >= '05:06'", [True, None, False, False, False, False, False]),
        ("p % 2", [D("1.50"), D("1.25"), D("0.00"), D("1.99"), D("1.99"), None, D("0.01")]),
        ("p // 2", [0, 3, 0, 4, 49999999, None, 0]),
        ("-p // 2", [-1, -4, 0, -5, -50000000, None, -1]),
        ("p / 2", [0.75, 3.625, 0.0, 4.995, 49999999.995, None, 0.005]),
    ],
)
def test_what_differs_from_python_is_as_it_is_declared(text, expected):
    assert computed(text).to_pylist() == expected


def test_constants_alone_give_one_value_and_compare_exactly():
    assert computed("1 + 1").as_py() == 2
    assert computed("-1.5 // 1").as_py() == -2.0
    assert computed("p * 1.19").to_pylist()[0] == D("1.7850")  # 1.19 as it is written, not the nearest double
    assert computed("p == 1.5").to_pylist()[0] is True
    assert computed("p * p * p * p").to_pylist()[4] == D("99999999960000000005999999999600.00000001")  # 40 digits


def test_every_operator_and_function_is_tried_here():
    tried = " ".join(SAME_AS_PYTHON) + "coalesce( is_null( and or"
    assert all(f"{name}(" in tried for name in FUNCTIONS)
    symbols = ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "**"]
    assert len(symbols) == len(OPERATORS)
    assert all(f" {symbol} " in f"{tried} " for symbol in symbols)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(a + 1).real", "holds a dot, .real"),
        ("a.__class__.__mro__", "holds a dot, .__mro__"),
        ("().__class__", "holds a dot, .__class__"),
        ("(e - d).days", "write days(e - d)"),
        ("s.upper()", "write upper(s)"),
        ("s.startswith('a')", "write startswith(s, 'a')"),
        ("length(s)", "write len(s)"),
        ("s.length()", "write len(s)"),
        ("lowr(s)", "write lower"),
        ("'a' in s", "contains(s, 'a')"),
        ("t & u", "write and"),
        ("f'{a}'", "write s + str(a)"),
        ("a ** b", "wants a whole number from 1 to 9"),
        ("x ** 0.5", "wants a whole number from 1 to 9"),
        ("a ** 10", "wants a whole number from 1 to 9"),
        ("date(2020, 1)", "a year, a month and a day"),
        ("date(2020, 2, 30)", "day is out of range"),
        ("date(a, 1, 1)", "a year, a month and a day"),
        ("d + 30", "add does not go with timestamp[s], int64"),
        ("a if a else 1", "if_else does not go with int64"),
        ("10 / a if b > 0 else 0", "Guard it: a / b if b != 0 else 0."),
        ("__import__('os')", "there is no function __import__"),
        ("eval('1')", "there is no function eval"),
        ("a(1)", "there is no function a"),
        ("abs(1)(2)", "there is no function abs(1)"),
        ("(lambda: 1)()", "there is no function"),
        ("a.sort(b)", "there is no function a.sort"),
        ("abs(a, b)", "abs takes 1 to 1 arguments, not 2"),
        ("round(a, places=2)", "there is no function round"),
        ("round(a, b)", "written out, not computed"),
        ("replace(s, s, 'x')", "written out, not computed"),
        ("min(*a)", "min takes 2 to 9"),
        ("min(*a, b)", "holds a Starred"),
        ("[x for x in a]", "holds a ListComp"),
        ("{x for x in a}", "holds a SetComp"),
        ("(yield)", "holds a Yield"),
        ("lambda: a", "holds a Lambda"),
        ("(a := 1)", "holds a NamedExpr"),
        ("f'{a}'", "holds a JoinedStr"),
        ("[a]", "holds a List"),
        ("a[0]", "cut by [start:stop]"),
        ("s[::2]", "cut by [start:stop]"),
        ("s[a:]", "whole numbers"),
        ("s['a':]", "whole numbers"),
        ("~a", "operator Invert"),
        ("a @ 9", "operator MatMult"),
        ("9 ** 9 ** 9", "from 1 to 9"),
        ("1 << 99999", "operator LShift"),
        ("a @ b", "operator MatMult"),
        ("b'x'", "holds b'x'"),
        ("1j", "holds 1j"),
        ("...", "holds Ellipsis"),
        ("a in s", "`in` wants a list"),
        ("a in ()", "`in` wants a list"),
        ("a is b", "for None alone"),
        ("a in (1, 2) in (True,)", "not part of a chain"),
        ("9223372036854775808", "beyond 64 bits"),
        ("9" * 5000, "cannot be computed"),
        ("a = 1", "invalid syntax"),
        ("a b", "invalid syntax"),
        ("a\x00", "null bytes"),
        ("a; b", "invalid syntax"),
        ("a / 0", "divide by zero"),
        ("a // 0", "divide by zero"),
        ("x // 0.0", "divide by zero"),
        ("x % 0", "divide by zero"),
        ("sqrt(a)", "square root of negative"),
        ("a + 'x'", "add does not go with int64, string. Convert one side: str(a)"),
        ("s * 2", "multiply does not go with string, int64"),
        ("d > 'soon'", "Invalid isoformat"),
        ("int(s)", "Failed to parse"),
        ("a * 9000000000000000000", "overflow"),
        ("a and b", "and does not go with int64, int64"),
        ("not a", "invert does not go with int64"),
        ("p * p * p * p * p * p * p * p", "precision"),
    ],
)
def test_what_cannot_be_said_or_computed_is_refused_with_a_sentence(text, reason):
    assert reason in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300 + "a" + ")" * 300,
        "-" * 5000 + "a",
        "not " * 900 + "t",
        "+".join(["a"] * 3000),
        "+".join(["a"] * 100_000),
        "a in (" + "1," * 5000 + ")",
        "[" * 5000,
        "abs(" * 150 + "a" + ")" * 150,
        "a if t else " * 150 + "a",
    ],
)
def test_depth_and_length_are_bounded_and_messages_stay_short(text):
    assert len(refusal(text)) < 1000


def test_what_is_just_within_the_bounds_is_computed():
    assert computed("+".join(["a"] * DEEPEST)).to_pylist()[0] == 7 * DEEPEST
    assert computed("a in (" + "1," * (MOST_TERMS - 3) + "7)").to_pylist()[0] is True


def test_a_refusal_comes_when_it_is_read_before_any_row():
    for text in ("a.b()", "eval(a)", "a @ 2", "a ** b", "a in s", "s[0]", "round(a, b)"):
        with pytest.raises(SchemaError):
            Expression("Thing.x", text)


def test_it_knows_what_it_reads_and_travels():
    expression = Expression("Thing.x", "a + min(b, a) if t else s[1:] in (d, x)")
    assert expression.needs == ("t", "a", "b", "s", "d", "x")
    again = pickle.loads(pickle.dumps(Expression("Thing.x", "a + b")))
    assert again(COLUMNS.__getitem__).equals(computed("a + b"))


def test_a_misspelt_function_is_offered_its_neighbour():
    assert "there is no function rund: write round" in refusal("rund(a)")


def test_the_documentation_lists_every_function_and_operator():
    text = (Path(__file__).parents[1] / "docs" / "fields.md").read_text("utf-8")
    section = text.partition("## Expressions")[2].partition("\n## ")[0]
    assert [name for name in FUNCTIONS if f"`{name}`" not in section and f"`{name}(" not in section] == []
    named = ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or", "not", "in"]
    assert [symbol for symbol in named if symbol not in section] == []
