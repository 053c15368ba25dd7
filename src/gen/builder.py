"""This file knows the public Schema: models added, or those that a SPEC names; their rows, tables and data frames."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import BaseModel

from gen.errors import BadRequest, SchemaError
from gen.schema.database_address import without_password
from gen.schema.existing import Existing
from gen.schema.from_database import Reflected, read_database, read_module, read_object, read_table
from gen.schema.json_schema.documents import documents_of, load_document
from gen.schema.json_schema.from_json_schema import table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of
from gen.schema.matching import check_matching
from gen.schema.models.from_module import find_object, is_structure, load_module, models_of, split_spec
from gen.schema.models.from_pydantic import column_names, table_from_model
from gen.schema.models.model_check import ModelCheck
from gen.schema.relations import check_spec
from gen.schema.row_facts import FUNCTIONS
from gen.schema.spec import Spec, Table
from gen.schema.stand_ins import check_stand_ins
from gen.schema.to_models import source_of

if TYPE_CHECKING:
    import dask.dataframe
    import pandas
    import pyarrow

    from gen.synth.table import TableSource

EXAMPLE = "gen.examples.employee"
_ROWS_AT_ONCE = 4096  # that `rows` turns into models

Model = TypeVar("Model", bound=BaseModel)


class Schema:
    """Tables to generate together.

        schema = Schema("company")
        schema.add(Employee, rows=10_000)
        schema.add(Manager, rows=1_000)
        for employee in schema.rows(Employee): ...

    The values of row i are the same whichever way they are read, for the same seed, models and row counts, and for the
    same `as_of`: the day that dates are seen from, of "past", "created" or one bound; today unless given.

    Of a schema that was read from a database, or from SQLAlchemy's tables, `origin` says where they are, without any
    password, and `unread` what of them is not kept: a table, and a sentence.
    """

    def __init__(self, name: str = "schema", *, seed: int = 0, as_of: datetime.date | None = None) -> None:
        self.name = name
        self.seed = seed
        self.as_of = as_of
        self._models: dict[str, Any] = {}
        self._tables: dict[str, Table] = {}
        self._functions: dict[str, Any] = {}
        self.origin: str | None = None
        self.unread: tuple[tuple[str, str], ...] = ()
        self._sources: Mapping[str, TableSource] | None = None

    def add(
        self,
        model: Any,
        rows: int | None = None,
        *,
        fixed: bool = False,
        name: str | None = None,
        extends: str | None = None,
    ) -> None:
        """Add a table of `rows` rows: a Pydantic model, a dataclass, a TypedDict, or a JSON Schema (a dictionary).

        Without `rows` it has 1,000; or as many as its parents' children come to, where a field declares that.
        Rows that exist already are added by a name: `add(Existing("customers.parquet", key="id"), name="Customer")`.
        `extends`: such a table whose rows come before this one's: its keys are others, and others refer to both.
        A `fixed` table keeps its rows when a run is scaled: lookup tables. `name` is what the table is called; as the
        model, or as a JSON Schema's title, unless given. Raises SchemaError where it cannot be a table; adding a model
        again replaces its row count.
        """
        if isinstance(model, Existing):
            self._add_existing(model, name)
            return
        is_document = isinstance(model, (dict, bool))
        given = name or (model.get("title") if isinstance(model, dict) else None)
        title = str(given or getattr(model, "__name__", "Thing"))
        if not is_document and not isinstance(model, type):
            raise SchemaError(f"{model!r} is not a Pydantic model.", hint="Add a subclass of pydantic.BaseModel.")
        if isinstance(rows, bool) or not isinstance(rows, int | None) or (rows or 0) < 0:
            raise BadRequest(f"{title}: rows is {rows!r}.", hint="Give a whole number, 0 or more.")
        if self._models.get(title, model) is not model:
            places = [getattr(m, "__module__", "a JSON Schema") for m in (self._models[title], model)]
            raise SchemaError(
                f"Two models are called {title}: in {places[0]} and in {places[1]}.",
                hint="Rename one; a table is known by its model's name.",
            )
        try:
            if is_document:
                read = table_from_schema(model, title, rows, fixed)
            else:
                read = table_from_model(model, rows, fixed, title)
        except RecursionError:
            raise SchemaError(f"{title}: its fields are nested too deep to be read.", hint="Flatten it.") from None
        names = [name for column in read.columns for name in (*column.functions(), *column.judges())]
        self._functions |= {name: FUNCTIONS[name] for name in names if name in FUNCTIONS}
        self._models[title] = model
        self._tables[title] = replace(read, extends=extends) if extends else read
        self._sources = None

    def _add_existing(self, existing: Existing, name: str | None) -> None:
        if not name:
            raise BadRequest(
                "A table that exists already is added without a name.",
                hint='Say it: schema.add(Existing(...), name="Customer").',
            )
        self._tables[name] = existing.read(name, read_table)
        self._models[name] = existing
        self._sources = None

    @property
    def checks(self) -> dict[str, ModelCheck]:
        """What validates the rows of each table that is made of a model."""
        made = (t.name for t in self._tables.values() if not (t.document or t.existing))
        models = {name: self._models[name] for name in made if name in self._models}
        return {name: ModelCheck(m, column_names(m)) for name, m in models.items()}

    @property
    def spec(self) -> Spec:
        """The schema in gen's own vocabulary, checked: every reference resolves."""
        if not self._tables:
            raise SchemaError(f"The schema {self.name!r} has no tables.", hint="Add a model: schema.add(Employee).")
        FUNCTIONS.update(self._functions)  # another schema may have a table of the same name
        spec = Spec(self.name, tuple(self._tables.values()))
        check_spec(spec)
        check_matching(spec)
        check_stand_ins(spec)
        return spec

    @overload
    def rows(self, model: type[Model]) -> Iterator[Model]: ...

    @overload
    def rows(self, model: str) -> Iterator[Any]: ...

    def rows(self, model: Any) -> Iterator[Any]:
        """Every row of the table as a validated instance of its model; of a JSON Schema, as a JSON value.

        Without the noise that a column may declare, which no model would take.
        """
        name = self._name_of(model)
        source, check = self._source(name).clean, self.checks.get(name)
        for start in range(0, source.rows, _ROWS_AT_ONCE):
            batch = source.at(range(start, min(start + _ROWS_AT_ONCE, source.rows)))
            if check is None:
                yield from map(json.loads, source.json(batch).to_pylist())
                continue
            for number, row in enumerate(source.python(batch), start):
                yield _instance(f"{name}, row {number:,}", check, row)

    def table(self, name: str | type[BaseModel]) -> TableView:
        """The table, to be read as Arrow, pandas or dask, whole or in part."""
        return TableView(self._source(name))

    def _name_of(self, model: Any) -> str:
        """The name of a table, or of the one that a model was added as."""
        if isinstance(model, str):
            return model
        return next((name for name, known in self._models.items() if known is model), model.__name__)

    def _source(self, name: str | type[BaseModel]) -> TableSource:
        from gen.counts import RowRequest
        from gen.sizes import scaled_rows
        from gen.synth.tables import table_sources
        from gen.synth.trial import filtered_sources

        spec = self.spec
        table = spec.table(self._name_of(name))
        if self._sources is None:
            sources = table_sources(spec, scaled_rows(spec, RowRequest()), self.seed, self.as_of)
            self._sources = filtered_sources(sources, self.checks, self.seed)
        return self._sources[table.name]

    def __repr__(self) -> str:
        tables = ", ".join(
            f"{t.name}: {'as many rows as children' if t.follows else f'{t.rows:,} rows'}"
            for t in self._tables.values()
        )
        return f"Schema({self.name!r}, {tables})"


def _instance(where: str, check: ModelCheck, row: Mapping[str, Any]) -> Any:
    try:
        return check.instance(row)
    except Exception as error:  # whatever a validator of the user's own raises
        said = "; ".join(f"{name}: {why}" if name else why for name, why in check.blamed([row])[0].items())
        raise SchemaError(
            f"{where}: the model refuses it, as it did no row of the sample; {said or error}.",
            hint="Say what its validators want by type, bounds, pattern or Literal.",
        ) from error


@dataclass(frozen=True)
class TableView:
    """One table of a schema, computed when it is read: what a run writes, the noise that is asked for included."""

    source: TableSource

    def __len__(self) -> int:
        return self.source.rows

    def arrow(self, start: int = 0, stop: int | None = None) -> pyarrow.Table:
        """Rows start (included) to stop (excluded; the end unless given) as an Arrow table."""
        import pyarrow as pa

        from gen.block import Partition

        first, last, _ = slice(start, stop).indices(self.source.rows)
        partition = Partition(self.source.table, 0, first, max(first, last))
        return pa.Table.from_batches(self.source.batches(partition), self.source.schema)

    def pandas(self, start: int = 0, stop: int | None = None) -> pandas.DataFrame:
        """Rows start (included) to stop (excluded; the end unless given) as a pandas data frame."""
        frame: pandas.DataFrame = self.arrow(start, stop).to_pandas()
        return frame

    def dask(self, partition_rows: int = 1_000_000) -> dask.dataframe.DataFrame:
        """The whole table as a lazy dask data frame, `partition_rows` rows in each of its partitions."""
        from gen.block import Partition
        from gen.engine import dataframe

        if partition_rows < 1:
            raise BadRequest(f"partition_rows is {partition_rows}.", hint="Give 1 or more.")
        starts = range(0, max(self.source.rows, 1), partition_rows)
        parts = [
            Partition(self.source.table, i, start, min(start + partition_rows, self.source.rows))
            for i, start in enumerate(starts)
        ]
        return dataframe(self.source, parts, meta=self.source.at(range(0)).to_pandas())

    def row(self, index: int) -> dict[str, Any]:
        """One row as a dictionary of Python values, as it is written. A negative index counts from the end."""
        if not -self.source.rows <= index < self.source.rows:
            raise BadRequest(
                f"{self.source.table} has no row {index:,}.", hint=f"Its rows are 0 to {self.source.rows - 1:,}."
            )
        index %= self.source.rows
        return self.source.python(self.source.at(range(index, index + 1)))[0]


# -- the schema a SPEC names ------------------------------------------------------------------------------


def load_schema(spec: str | None = None) -> Schema:
    """The schema that SPEC names: `pkg.module[:object]`, `models.py[:object]`, `schema.json[:definition]`, or the URL
    of a database, as `sqlite:///shop.sqlite`; the embedded example without one.

    An object is a Schema, a model, or SQLAlchemy's: a MetaData, a declarative base, a mapped class, a Table. Without
    one: the module's only Schema; else the classes that are mapped to tables; otherwise every model defined in it.
    """
    if spec is not None and "://" in spec:
        return _schema_reflected(read_database(spec))
    place, name = split_spec(spec or EXAMPLE)
    if place.endswith(".json"):
        return _schema_of_document(Path(place), name)
    module = load_module(place)
    title = Path(place).stem if "/" in place or place.endswith(".py") else place.rpartition(".")[2]
    if name is not None:
        found = find_object(module, place, name)
        if isinstance(found, Schema):
            return found
        if (read := read_object(found, module, name, place)) is not None:
            return _schema_reflected(read)
        if (isinstance(found, type) and issubclass(found, BaseModel)) or is_structure(found):
            return _schema_of(name, [found])
        what = f"the class {found.__name__}" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise BadRequest(
            f"{place}:{name} is {what}.",
            hint="Name a Schema, a Pydantic model, a dataclass or a TypedDict, or SQLAlchemy's tables.",
        )
    schemas = {id(item): item for item in vars(module).values() if isinstance(item, Schema)}
    if len(schemas) == 1:
        return next(iter(schemas.values()))
    if (read := read_module(module, title, place)) is not None:
        return _schema_reflected(read)
    models = models_of(module)
    existing = {name: item for name, item in vars(module).items() if isinstance(item, Existing)}
    if not models:
        raise SchemaError(f"{place} defines no Pydantic models.", hint="Define one: class Employee(BaseModel): ...")
    schema = _schema_of(title, models)
    for name, item in existing.items():
        schema.add(item, name=name)
    return schema


def _schema_of_document(path: Path, name: str | None) -> Schema:
    """A JSON Schema document as a schema: one table, or those that it declares under `$defs`."""
    document = load_document(path)
    title = (document.get("title") if isinstance(document, dict) else None) or path.stem
    schema = Schema(title)
    for table, definition in documents_of(document, path.stem, name).items():
        schema.add(definition, name=table)
    return schema


def _schema_reflected(read: Reflected) -> Schema:
    schema = Schema(read.name)
    schema.origin, schema.unread = read.origin, read.unread
    schema._tables = {table.name: table for table in read.tables}
    return schema


def _schema_of(name: str, models: Sequence[Any]) -> Schema:
    schema = Schema(name)
    for model in models:
        schema.add(model)
    return schema


def recorded(spec: str) -> str:
    """A SPEC as run.json keeps it: it still means the same from another folder, and has no password."""
    if "://" in spec:
        return without_password(spec)
    place, name = split_spec(spec)
    if place.endswith((".py", ".json")) or "/" in place:
        place = str(Path(place).resolve())
    return f"{place}:{name}" if name else place


def as_json_schema(schema: Schema) -> dict[str, Any]:
    """The schema as a JSON Schema document."""
    return schema_of(schema.spec)


def as_models(schema: Schema) -> str:
    """The schema as Python code of Pydantic models, to be edited; it reads back to the same tables.

    Raises SchemaError, naming the field, where models of this form cannot say what a column is.
    """
    return source_of(schema.spec, schema.origin, schema.unread)
