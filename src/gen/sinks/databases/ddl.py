"""This file knows the tables of a schema as a database has them, and the statements that make them and finish them.

Tables are loaded bare where the database lets keys be added later. Then, in stages, each of steps that may run at once:
primary keys; what is unique, and indexes of what refers to others; references; conditions; statistics.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gen.errors import BadRequest
from gen.schema.spec import EXTRA, Column, Spec, Table
from gen.sinks.databases.checks import conditions
from gen.sinks.databases.constraints import Declared, constraints_of
from gen.sinks.databases.dialect import Dialect, LoadedColumn, LoadedTable
from gen.sinks.databases.types import root_of, type_of
from gen.synth.table import TableSource

UNDECLARED = "undeclared"  # the column of properties that a document does not declare
_PREFIX = {"primary": "pk", "unique": "uq", "index": "ix", "foreign": "fk", "check": "ck"}
_CLAUSES = {"primary": "PRIMARY KEY ", "unique": "UNIQUE ", "index": "INDEX "}


@dataclass(frozen=True)
class Step:
    """Something done once when all rows are there. name: what it is recorded by. tables: those that must be whole.

    nothing: a query that must find nothing, and what it means where it does. again: whether it is done again when rows
    are appended; undone: what is done before they are. apart: whether it may be done beside others of its stage.
    """

    name: str
    tables: tuple[str, ...]
    statements: tuple[str, ...]
    nothing: tuple[str, str] | None = None
    again: bool = False
    apart: bool = True
    undone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Constraint:
    """What a table keeps. kind: primary, unique, index, foreign or check. needs: the tables that it speaks of."""

    kind: str
    table: str
    name: str
    columns: str
    clause: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """A schema in a dialect. tables: by their names in the schema. orphans: of each reference, a query that must find
    nothing, and what it means where it does. unsaid: what the database is not told, and why.
    """

    tables: Mapping[str, LoadedTable]
    create: Mapping[str, tuple[str, ...]]
    stages: tuple[tuple[Step, ...], ...]
    orphans: tuple[tuple[str, str], ...]
    unsaid: tuple[tuple[str, str], ...]

    def script(self) -> str:
        """All of it as one text of SQL."""
        statements = [s for made in self.create.values() for s in made]
        statements += [s for stage in self.stages for step in stage for s in step.statements]
        said = [f"-- {table}: {sentence}" for table, sentence in self.unsaid]
        return "\n".join([*(f"{statement};" for statement in statements), *said]) + "\n"


class Writer:
    """Writes the definition of a schema, of the tables whose sources are given."""

    def __init__(self, dialect: Dialect, spec: Spec, sources: Mapping[str, TableSource]) -> None:
        self.dialect = dialect
        self.able = dialect.capabilities
        self.spec = spec
        self.sources = sources
        self.tables = {name: self._table(spec.table(name), source) for name, source in sources.items()}
        self._check_names()
        self.declared, self.unsaid = constraints_of(spec, {t: frozenset(s.dirt) for t, s in sources.items()})
        self.keyed = {(one.table, name) for one in self.declared for name in one.columns}
        self.constraints = list(self._named(self.declared))

    def definition(self) -> Definition:
        """The whole of it. Raises BadRequest where names collide."""
        create = {name: self._created(name) for name in self.tables}
        stages = [self._added("primary"), self._added("unique") + self._added("index"), self._references()]
        stages += [self._validated() + self._conditions() + self._looked_after(), self._statistics()]
        orphans = tuple((self._orphans(one, one.target), _broken(one)) for one in self.declared if one.target)
        return Definition(self.tables, create, tuple(tuple(s) for s in stages if s), orphans, tuple(self.unsaid))

    # -- tables and columns -----------------------------------------------------------------------------------

    def _table(self, table: Table, source: TableSource) -> LoadedTable:
        columns = tuple(self._column(table, source, name) for name in source.columns)
        return LoadedTable(self.fitted(table.name), columns, table.name, table.description)

    def _column(self, table: Table, source: TableSource, name: str) -> LoadedColumn:
        column, field = table.column(name), source.schema.field(name)
        root = Column(name, "") if name in source.dirt else root_of(self.spec, table.name, column)
        kind = type_of(replace(root, null_value=column.null_value), field.type)
        if "list" not in self.dialect.types:
            kind = kind.without_lists()
        title = self.fitted(UNDECLARED if name.startswith(EXTRA) else name)
        return LoadedColumn(title, kind, field.nullable, column.description)

    def fitted(self, name: str) -> str:
        """A name, cut where the database would cut it."""
        return name.encode()[: self.able.longest_name].decode(errors="ignore")

    def own_name(self, kind: str, table: str, names: Sequence[str]) -> str:
        """What a key, an index or a condition is called; cut, with a hash of it all, where it is too long."""
        title = "_".join([kind, table, *names])
        if self.fitted(title) == title:
            return title
        mark = hashlib.sha256(title.encode()).hexdigest()[:8]
        return title.encode()[: self.able.longest_name - 9].decode(errors="ignore") + f"_{mark}"

    def _check_names(self) -> None:
        self._check_apart("table", {name: made.name for name, made in self.tables.items()})
        for name, made in self.tables.items():
            names = {f"{name}.{own}": c.name for own, c in zip(self.sources[name].columns, made.columns, strict=True)}
            self._check_apart("column", names)

    def _check_apart(self, what: str, names: Mapping[str, str]) -> None:
        """Refuse names that the database takes for one, or that are none."""
        seen: dict[str, str] = {}
        for given, name in names.items():
            if "\0" in name or not name.strip():
                raise BadRequest(f"{given!r} is no name of a {what} in a database.", hint="Call it otherwise.")
            folded = name.casefold() if self.able.folds_names else name
            if folded in seen:
                raise BadRequest(
                    f"{seen[folded]} and {given} are one {what} to {self.dialect.name}: names are cut after "
                    f"{self.able.longest_name} bytes"
                    + (", and those that differ in case alone are one." if self.able.folds_names else "."),
                    hint="Call one of them otherwise.",
                )
            seen[folded] = given

    # -- constraints ------------------------------------------------------------------------------------------

    def _named(self, declared: Iterable[Declared]) -> Iterator[Constraint]:
        """What tables keep, with names and in SQL; and an index of what refers to others, unless a key begins so."""
        for one in declared:
            columns = self._listed(one.table, one.columns)
            if one.kind == "foreign":
                assert one.target is not None
                places = self._listed(one.target, one.targets)
                clause = f"FOREIGN KEY ({columns}) REFERENCES {self._name(one.target)} ({places})"
                yield self._constraint("foreign", one.table, one.columns, columns, clause, one.target)
            else:
                clause = f"{_CLAUSES[one.kind]}({columns})"
                yield self._constraint(one.kind, one.table, one.columns, columns, clause)
        for table, source in self.sources.items():
            for column, made in zip(self.spec.table(table).columns, self.tables[table].columns, strict=True):
                if column.references or column.name in source.dirt:
                    continue
                if made.type.is_text(self.dialect.types) and (column.minimum is not None or column.maximum is not None):
                    why = "it is a text, for numbers have fewer digits there"
                    self.unsaid.append((table, f"The bounds of {column.name} are not declared: {why}."))
                said = conditions(self.dialect, column, self.dialect.quoted(made.name), made.type)
                for i, condition in enumerate(said):
                    yield self._constraint("check", table, (column.name, str(i + 1)), "", f"CHECK ({condition})")

    def _constraint(
        self, kind: str, table: str, names: Sequence[str], columns: str, clause: str, *others: str
    ) -> Constraint:
        title = self.own_name(_PREFIX[kind], self.tables[table].name, names)
        return Constraint(kind, table, title, columns, clause, tuple(dict.fromkeys((table, *others))))

    # -- statements -------------------------------------------------------------------------------------------

    def _name(self, table: str) -> str:
        return self.dialect.quoted(self.tables[table].name)

    def _columns(self, table: str, names: Iterable[str]) -> list[str]:
        """Columns as the database calls them, quoted."""
        own = dict(zip(self.sources[table].columns, (c.name for c in self.tables[table].columns), strict=True))
        return [self.dialect.quoted(own[name]) for name in names]

    def _listed(self, table: str, names: Iterable[str]) -> str:
        return ", ".join(self._columns(table, names))

    def _created(self, table: str) -> tuple[str, ...]:
        made = self.tables[table]
        lines = [self._column_line(table, column) for column in made.columns]
        for constraint in self.constraints:
            if constraint.table == table and constraint.kind in self.able.at_creation and constraint.kind != "index":
                lines.append(f"CONSTRAINT {self.dialect.quoted(constraint.name)} {constraint.clause}")
        inline = self.able.comments == "inline" and made.description
        end = self.dialect.table_end + (f" COMMENT {self.dialect.literal(made.description)}" if inline else "")
        statement = f"CREATE TABLE {self._name(table)} (\n  " + ",\n  ".join(lines) + f"\n){end}"
        return (statement, *(self._comments(made) if self.able.comments == "statement" else ()))

    def _column_line(self, table: str, column: LoadedColumn) -> str:
        types = self.dialect.types
        is_keyed = column.type.word == "text" and "keyed_text" in types and (table, column.name) in self.keyed
        kind = types["keyed_text"] if is_keyed else column.type.named(types)
        line = f"{self.dialect.quoted(column.name)} {kind}{'' if column.nullable else ' NOT NULL'}"
        if self.able.comments == "inline" and column.description:
            line += f" COMMENT {self.dialect.literal(column.description)}"
        return line

    def _comments(self, made: LoadedTable) -> Iterator[str]:
        if made.description:
            yield f"COMMENT ON TABLE {self.dialect.quoted(made.name)} IS {self.dialect.literal(made.description)}"
        for column in made.columns:
            if column.description:
                place = f"{self.dialect.quoted(made.name)}.{self.dialect.quoted(column.name)}"
                yield f"COMMENT ON COLUMN {place} IS {self.dialect.literal(column.description)}"

    # -- steps ------------------------------------------------------------------------------------------------

    def _added(self, kind: str) -> list[Step]:
        """A step for each constraint of a kind that is added when all rows are there."""
        found = [c for c in self.constraints if c.kind == kind and kind in self.able.after]
        return [Step(c.name, c.needs, (self._adding(c),)) for c in found]

    def _adding(self, constraint: Constraint) -> str:
        later = " NOT VALID" if constraint.kind == "foreign" and self.able.not_valid else ""
        return self._filled(self.dialect.adding[constraint.kind], constraint) + later

    def _filled(self, statement: str, constraint: Constraint) -> str:
        return statement.format(
            table=self._name(constraint.table),
            name=self.dialect.quoted(constraint.name),
            clause=constraint.clause,
            columns=f"({constraint.columns})",
        )

    def _references(self) -> list[Step]:
        """Foreign keys. Where rows are appended they are dropped first, or looked after again."""
        if "foreign" in self.able.at_creation:
            return []
        steps = []
        for one in self.constraints:
            if one.kind != "foreign":
                continue
            added = (self._adding(one),) if "foreign" in self.able.after else ()
            if self.able.validates:
                undone = (self._filled(self.dialect.dropping, one),)
                # One at a time, and at once: two that lock the same two tables would wait for each other.
                steps.append(Step(one.name, one.needs, added, again=True, apart=False, undone=undone))
            else:
                steps += [Step(one.name, one.needs, added)] if added else []
        return steps

    def _validated(self) -> list[Step]:
        if not self.able.not_valid:
            return []
        statement = "ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
        return [
            Step(f"{c.name} validated", c.needs, (self._filled(statement, c),), again=True)
            for c in self.constraints
            if c.kind == "foreign" and c.kind in self.able.after
        ]

    def _looked_after(self) -> list[Step]:
        """Queries for rows that refer to none, where the database does not look itself."""
        if self.able.validates:
            return []
        return [
            Step(
                f"{self.own_name('fk', self.tables[one.table].name, one.columns)} looked after",
                (one.table, one.target),
                (),
                nothing=(self._orphans(one, one.target), _broken(one)),
                again=True,
            )
            for one in self.declared
            if one.target is not None
        ]

    def _orphans(self, one: Declared, target: str) -> str:
        """A query for a row that refers to none."""
        pairs = list(zip(self._columns(one.table, one.columns), self._columns(target, one.targets), strict=True))
        joined = " AND ".join(f"c.{ours} = p.{theirs}" for ours, theirs in pairs)
        said = " AND ".join(f"c.{ours} IS NOT NULL" for ours, _ in pairs)
        return (
            f"SELECT 1 FROM {self._name(one.table)} c LEFT JOIN {self._name(target)} p ON {joined} "
            f"WHERE p.{pairs[0][1]} IS NULL AND {said} LIMIT 1"
        )

    def _conditions(self) -> list[Step]:
        """All conditions of a table at once: it is read once for them."""
        if "check" not in self.able.after:
            return []
        steps = []
        for table, made in self.tables.items():
            found = [c for c in self.constraints if c.kind == "check" and c.table == table]
            if found:
                added = ", ".join(f"ADD CONSTRAINT {self.dialect.quoted(c.name)} {c.clause}" for c in found)
                name = f"ck_{made.name}"
                steps.append(Step(name, (table,), (f"ALTER TABLE {self.dialect.quoted(made.name)} {added}",)))
        return steps

    def _statistics(self) -> list[Step]:
        if not self.dialect.analyze:
            return []
        return [
            Step(
                f"statistics of {made.name}",
                (table,),
                (self.dialect.analyze.format(table=self.dialect.quoted(made.name)),),
                again=True,
            )
            for table, made in self.tables.items()
        ]


def _broken(one: Declared) -> str:
    return f"{one.table}: rows of it refer by {', '.join(one.columns)} to rows of {one.target} that are not there"
