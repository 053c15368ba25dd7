"""This file knows how to write a schema as Python code: Pydantic models with gen's markers, to be edited by a person.

What is written reads back to the same tables: it is read back when it is written, and what would get lost is refused.
"""

from __future__ import annotations

import keyword
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from gen.errors import SchemaError
from gen.schema.links import Reference
from gen.schema.spec import DEFAULT_NULLS, KINDS, Column, Spec, Table
from gen.schema.written import column_to_json

WIDTH = 88  # of a line, as formatters have it
_INDENT = "    "


def source_of(spec: Spec, origin: str | None = None, unread: Sequence[tuple[str, str]] = ()) -> str:
    """The schema as a Python module: a model for each table, and a Schema that has their rows.

    origin: where it was read, and unread: what of it was not kept, which comments say. Raises SchemaError, naming the
    field, where a model of this form cannot say what a column is.
    """
    writer = _Writer(spec)
    classes = [writer.model(table, [said for name, said in unread if name == table.name]) for table in spec.tables]
    added = [writer.added(table) for table in spec.tables]
    told = [_comment(said, "") for name, said in unread if not name]
    written_of = f"The tables of {spec.name}" + (f", as gen read them from {origin}." if origin else ".")
    head = [_docstring(written_of, ""), "", *writer.imports(), ""]
    body = [line for lines in classes for line in ("", *lines, "")]
    tail = ["", *[line for lines in told for line in lines], f"schema = Schema({_text(spec.name)})", *added]
    source = "\n".join([*head, *body, *tail]) + "\n"
    _check(spec, writer, source)
    return source


# -- models -------------------------------------------------------------------------------------------------------

_SCALARS = {
    "integer": "int",
    "number": "float",
    "decimal": "Decimal",
    "boolean": "bool",
    "text": "str",
    "bytes": "bytes",
    "datetime": "datetime.datetime",
    "date": "datetime.date",
    "time": "datetime.time",
    "duration": "datetime.timedelta",
    "uuid": "uuid.UUID",
    "any": "Any",
}
_OF_FORMATS = {
    "ipv4": "ipaddress.IPv4Address",
    "ipv4-network": "ipaddress.IPv4Network",
    "email": "EmailStr",
}
_OF_ZONES = {True: "AwareDatetime", False: "NaiveDatetime"}
# what code names -> the module that has it; of the others, as datetime.date, the module's own name
_HOMES = {
    "Annotated": "typing",
    "Any": "typing",
    "Literal": "typing",
    "Decimal": "decimal",
    "AwareDatetime": "pydantic",
    "BaseModel": "pydantic",
    "EmailStr": "pydantic",
    "Field": "pydantic",
    "NaiveDatetime": "pydantic",
    "AsText": "gen",
    "ColumnName": "gen",
    "Domain": "gen",
    "ForeignKey": "gen",
    "Nulls": "gen",
    "PrimaryKey": "gen",
    "Schema": "gen",
    "SynthesizedBy": "gen",
    "Unique": "gen",
}
_MODULES = ("datetime", "ipaddress", "uuid")
# argument of Field -> the fact that it says
_ARGUMENTS = ("multiple_of", "max_digits", "decimal_places", "min_length", "max_length")
_RESERVED = {name for name in dir(BaseModel) if not name.startswith("_")} | {*keyword.kwlist, "schema"}
_PREFIXES = ("model_validate", "model_dump")  # that Pydantic keeps for itself


class _Writer:
    """Writes the models of one schema; keeps what they import."""

    def __init__(self, spec: Spec) -> None:
        self.used = {"BaseModel", "Schema"}
        taken = {*_HOMES, *_MODULES, "schema"}
        self.classes: dict[str, str] = {}
        for table in spec.tables:
            self.classes[table.name] = _unlike(_class_name(table.name), taken, "Row")
            taken.add(self.classes[table.name])
        self.fields = {table.name: _field_names(table) for table in spec.tables}

    def model(self, table: Table, unread: Sequence[str]) -> list[str]:
        """The lines of the class."""
        if table.document or table.whole is not None:
            raise SchemaError(
                f"{table.name} is a JSON Schema, of which no model says all.", hint="Write it as JSON: --as json."
            )
        lines = [f"class {self.classes[table.name]}(BaseModel):"]
        lines += [_docstring(table.description, _INDENT), ""] if table.description else []
        for said in unread:
            lines += _comment(said, _INDENT)
        for column in table.columns:
            name = self.fields[table.name][column.name]
            annotation = self.column(f"{table.name}.{column.name}", column, name)
            lines.append(_laid_out(f"{_INDENT}{name}: ", annotation, "", _INDENT))
        return lines

    def added(self, table: Table) -> str:
        """The line that adds the table to the schema."""
        model = self.classes[table.name]
        arguments: list[_Code] = [model, f"rows={table.rows:_}"]
        arguments += ["fixed=True"] if table.fixed else []
        arguments += [f"name={_text(table.name)}"] if table.name != model else []
        return _laid_out("", _Group("schema.add(", arguments, ")"), "", "")

    def column(self, where: str, column: Column, field: str) -> _Code:
        """The annotation of a column's field."""
        bare = self.type(where, column)
        marked: list[_Code] = [self.named("Field", said)] if (said := self.constraints(where, column)) else []
        marked += [self.named("ColumnName", [_text(column.name)])] if field != column.name else []
        marked += self.markers(where, column)
        if column.nulls is not None:
            bare = _Joined(bare, " | None")
        return self.annotated(bare, marked)

    def annotated(self, bare: _Code, marked: Sequence[_Code]) -> _Code:
        return self.named("Annotated", [bare, *marked], "[]") if marked else bare

    def named(self, name: str, arguments: Sequence[_Code], brackets: str = "()") -> _Group:
        self.used.add(name)
        return _Group(f"{name}{brackets[0]}", list(arguments), brackets[1])

    def type(self, where: str, column: Column) -> _Code:
        """The type by itself."""
        if column.kind == "choice" and column.stored is None:
            if not all(type(choice) in (str, int, bool, bytes) for choice in column.choices):
                raise _unsaid(where, "a Literal has no values like these: " + repr(column.choices[0]))
            return self.named("Literal", [_literal(choice) for choice in column.choices], "[]")
        if column.kind == "list" and not column.unique_items:
            (item,) = column.parts
            inner = self.column(f"{where}[]", replace(item, name="item"), "item")
            return _Group("list[", [inner], "]")
        name = _SCALARS.get(column.kind)
        if name is None:
            raise _unsaid(where, f"it is {KINDS[column.kind]}")
        if column.kind == "text" and column.format:
            name = _OF_FORMATS.get(column.format, name)
        if column.kind == "datetime" and column.zoned is not None:
            name = _OF_ZONES[column.zoned]
        self.used.add(name.partition(".")[0])
        return name

    def constraints(self, where: str, column: Column) -> list[_Code]:
        """The arguments of Field."""
        said: list[_Code] = []
        for name, bound, excluded in (
            ("g", column.minimum, column.minimum_excluded),
            ("l", column.maximum, column.maximum_excluded),
        ):
            if bound is not None:
                said.append(f"{name}{'t' if excluded else 'e'}={self.value(bound)}")
        for name in _ARGUMENTS:
            if (value := getattr(column, name)) is not None:
                said.append(f"{name}={self.value(value)}")
        said += [f"pattern={_text(pattern)}" for pattern in column.patterns[:1]]
        return said + ([f"description={_text(column.description)}"] if column.description else [])

    def markers(self, where: str, column: Column) -> list[_Code]:
        marked: list[_Code] = []
        if column.key:
            marked.append(self.named("PrimaryKey", [f"order={_text(column.key.order)}"] if column.key.order else []))
        for group in column.unique[:1]:
            groups = [group] if len(column.unique) == 1 else list(column.unique)
            alone = groups == [column.name]
            listed = _text(groups[0]) if len(groups) == 1 else f"[{', '.join(map(_text, groups))}]"
            marked.append(self.named("Unique", [] if alone else [listed]))
        if column.reference:
            marked.append(self.named("ForeignKey", [_text(str(column.reference)), *_options(column.reference)]))
        if column.stored == "text":
            marked.append(self.named("AsText", []))
        if column.domain and not column.implied:
            more = [f"{n}={_text(v)}" for n, v in (("locale", column.locale), ("of", column.of)) if v]
            marked.append(self.named("Domain", [_text(column.domain), *more]))
        if column.synthesizer:
            marked.append(self.named("SynthesizedBy", [_text(column.synthesizer)]))
        if column.nulls not in (None, DEFAULT_NULLS):
            marked.append(self.named("Nulls", [repr(column.nulls)]))
        return marked

    def value(self, value: Any) -> str:
        written = repr(value).replace("Decimal('", 'Decimal("').replace("')", '")')
        for name in ("Decimal", *_MODULES):
            self.used |= {name} if written.startswith(name) else set()
        return written

    def imports(self) -> list[str]:
        """The import lines, in the order of isort: Python's own, others', gen's."""
        whole = [f"import {name}" for name in _MODULES if name in self.used]
        groups: dict[str, list[str]] = {"decimal": [], "typing": [], "gen": [], "pydantic": []}
        for name in sorted(self.used & _HOMES.keys()):
            groups[_HOMES[name]].append(name)
        lines = {
            m: _laid_out("", _Group(f"from {m} import (", names, ")", bare=True), "", "") for m, names in groups.items()
        }
        own = [*whole, *[lines[module] for module in ("decimal", "typing") if groups[module]]]
        return [*own, *([""] if own else []), lines["gen"], lines["pydantic"]]


def _unsaid(where: str, why: str) -> SchemaError:
    return SchemaError(f"{where} cannot be written as a field of a model: {why}.", hint="Write it as JSON: --as json.")


# -- names --------------------------------------------------------------------------------------------------------


def _is_name(text: str) -> bool:
    """Whether Python takes a text as a name, and leaves it as it is."""
    return text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text


def _words(text: str) -> str:
    """A text as a name, or nothing: what no name may have is an underscore."""
    plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text)).strip("_")
    return f"n{plain}" if plain[:1].isdigit() else plain


def _class_name(table: str) -> str:
    """What a model is called: its table's name where that is one of a class, or its words with capitals."""
    if _is_name(table) and table[0].isupper():
        return table
    words = _words(table).split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if _is_name(name) else "Table"


def _field_names(table: Table) -> dict[str, str]:
    """Column -> field: of the same name, where Pydantic takes that as one."""
    good = {
        column.name
        for column in table.columns
        if _is_name(column.name) and column.name not in _RESERVED and not column.name.startswith(("_", *_PREFIXES))
    }
    names, taken = {}, set(good)
    for column in table.columns:
        name = column.name
        if name not in good:
            name = _words(name) or "column"
            unfit = name in _RESERVED or name.startswith(_PREFIXES) or not _is_name(name)
            name = _unlike(f"{name}_" if unfit else name, taken, "_")
            taken.add(name)
        names[column.name] = name
    return names


def _unlike(name: str, taken: Iterable[str], ending: str) -> str:
    while name in taken:
        name += ending
    return name


# -- code, laid out as formatters do ------------------------------------------------------------------------------


class _Group:
    """Something in brackets: its opening, what is listed in it, its closing. bare: without brackets on one line."""

    def __init__(self, opening: str, items: Sequence[_Code], closing: str, bare: bool = False) -> None:
        self.opening, self.items, self.closing, self.bare = opening, items, closing, bare

    def __str__(self) -> str:
        opening, closing = (self.opening[:-1], "") if self.bare else (self.opening, self.closing)
        return f"{opening}{', '.join(map(str, self.items))}{closing}"


class _Joined:
    """A piece of code, and what is behind it."""

    def __init__(self, first: _Code, rest: str) -> None:
        self.first, self.rest = first, rest

    def __str__(self) -> str:
        return f"{self.first}{self.rest}"


_Code = str | _Group | _Joined


def _laid_out(before: str, code: _Code, after: str, indent: str) -> str:
    """Code on one line; or, where that is too long, what is in its brackets on a line, or on lines, of its own."""
    line = f"{before}{code}{after}"
    if _width(line) <= WIDTH or isinstance(code, str):
        return line
    if isinstance(code, _Joined):
        return _laid_out(before, code.first, f"{code.rest}{after}", indent)
    if not code.items:
        return line
    inner = f"{indent}{_INDENT}"
    within = f"{inner}{', '.join(map(str, code.items))}"
    if _width(within) <= WIDTH and not code.bare:
        lines = [within]
    elif len(code.items) == 1 and code.opening == "list[":
        lines = [_laid_out(inner, code.items[0], "", inner)]
    else:
        lines = [_laid_out(inner, item, ",", inner) for item in code.items]
    return "\n".join([f"{before}{code.opening}", *lines, f"{indent}{code.closing}{after}"])


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


def _options(reference: Reference) -> list[str]:
    """What is said of a reference besides where it leads."""
    said = [f"name={_text(reference.name)}"] if reference.name else []
    if not reference.matching:
        return said
    names = [_text(mine) for mine, _ in reference.matching]
    if any(mine != other for mine, other in reference.matching):
        pairs = ", ".join(f"{_text(mine)}: {_text(other)}" for mine, other in reference.matching)
        return [*said, f"matching={{{pairs}}}"]
    return [*said, f"matching={names[0]}" if len(names) == 1 else f"matching=[{', '.join(names)}]"]


def _text(text: str) -> str:
    """A text as code, in double quotes where formatters would put it in these."""
    written = repr(text)
    if written[0] == "'" and '"' not in text:
        return f'"{written[1:-1]}"'
    return written


def _literal(value: Any) -> str:
    return _text(value) if isinstance(value, str) else repr(value).replace("b'", 'b"').replace("'", '"')


def _docstring(text: str, indent: str) -> str:
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text += " " if text.endswith('"') else ""
    lines = text.splitlines()
    if len(lines) == 1:
        return f'{indent}"""{lines[0]}"""'
    body = "\n".join(f"{indent}{line}".rstrip() for line in lines[1:])
    return f'{indent}"""{lines[0]}\n{body}\n{indent}"""'


def _comment(text: str, indent: str) -> list[str]:
    """A comment of as many lines as it takes."""
    words = " ".join(text.split())
    return [f"{indent}# {line}" for line in textwrap.wrap(words, WIDTH - len(indent) - 2, break_long_words=False)]


# -- what is written, read back -----------------------------------------------------------------------------------


def _check(spec: Spec, writer: _Writer, source: str) -> None:
    """Refuse a column that would not read back as it is, with the first fact that gets lost."""
    module: dict[str, Any] = {"__name__": "written_by_gen"}
    exec(compile(source, "<models>", "exec", dont_inherit=True), module)
    found: Spec = module["schema"].spec
    for table, read in zip(spec.tables, found.tables, strict=True):
        for meant, got in zip(table.columns, read.columns, strict=True):
            if meant != got:
                said, kept = column_to_json(meant), column_to_json(got)
                lost = next((name for name in sorted({*said, *kept}) if said.get(name) != kept.get(name)), "a fact")
                raise _unsaid(f"{table.name}.{meant.name}", f"{lost} = {said.get(lost)!r:.60} would get lost")
