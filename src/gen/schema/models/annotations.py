"""This file knows Python types: an annotation, as a user writes it, as a Column; the parts of nested types too.

What a type means is in tables; what Pydantic's own and its extra types mean, too, by their names, so that none of them
is imported here. A type that is in no table is read by the JSON Schema that it publishes.
"""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import enum
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typing_extensions
from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.fields import FieldInfo

from gen.errors import SchemaError
from gen.schema.choices import always, as_json_texts, choice_of
from gen.schema.constraints import apply_constraints, ungrouped
from gen.schema.facts import apply_facts, column_named, facts_of, keeps_default
from gen.schema.json_schema.conjunction import Unsatisfiable
from gen.schema.json_schema.from_json_schema import column_from_schema
from gen.schema.json_schema.undrawable import NOT_DATA, UNSTORABLE, refuse_undrawable, why_unstorable
from gen.schema.models.around import ALIASES, UNIONS, alias_value, full_name, functions_around, type_name, unwrapped
from gen.schema.models.held import BELOW, CONTAINERS, is_cut_short, may_equal, never_null, once_each
from gen.schema.models.keywords import apply_keywords, schema_beside
from gen.schema.models.model_check import Functions, check_of
from gen.schema.models.model_config import Settings, apply_settings, settings_of
from gen.schema.models.python_types import PYTHON_TYPES, format_of_type
from gen.schema.models.scalars import known_type
from gen.schema.nesting import ENDLESS, Nesting, TooDeep
from gen.schema.phones import PHONE, phone_column
from gen.schema.row_facts import FUNCTIONS
from gen.schema.spec import Column

_IDS = re.compile(r":(\d+)(?=\[|\]|,|$)")  # in Pydantic's references: of a class, and of its arguments


class Reader:
    """Reads the annotations of one table; keeps which models it is inside of."""

    def __init__(self) -> None:
        self.nesting = Nesting()
        self.settings: Settings = {}  # of the model that one is inside of
        self.judging: dict[Any, bool] = {}  # whether a class has validators of its own
        self.judges: dict[str, Any] = {}  # those that have, by name

    # -- a field ------------------------------------------------------------------------------------------

    def field(self, where: str, name: str, info: FieldInfo, may_be_absent: bool = False) -> Column:
        """A field of a model, or a key of a TypedDict, which may be absent."""
        before, self.nesting.recursed = self.nesting.recursed, False
        try:
            if keeps_default(where, facts_of(where, (info,))):
                return _kept(where, info, self._type_kept(where, name, info))
            column = self.annotated(where, name, info.annotation, (info,))
        except TooDeep:
            if info.is_required() and not may_be_absent:
                raise
            column = Column(name, "null", may_be_absent=True)
        if self.nesting.recursed and column.kind not in ("null", "choice"):
            column = replace(column.judged_by(()), stored="json")  # attempts inside of attempts would be without number
        self.nesting.recursed = before
        return replace(column, description=info.description) if info.description else column

    def _type_kept(self, where: str, name: str, info: FieldInfo) -> Column:
        """The type of a field that keeps its default; any, where none of its values could be drawn."""
        try:
            return self.annotated(where, name, info.annotation, ()).judged_by(())
        except (SchemaError, TooDeep):
            return Column(name, "null")

    def annotated(
        self, where: str, name: str, annotation: Any, metadata: Sequence[Any] = (), around: Sequence[Any] = ()
    ) -> Column:
        """A type with what is said of it. around: what is said of the Optional that it is in."""
        annotation, metadata = unwrapped(annotation, metadata)
        refuse_undrawable(where, annotation, metadata, around)
        column = self.type(where, name, annotation, metadata)
        if column.kind == "null" and self.nesting.inside_itself:
            return column  # the end of a recursion: what is said of it holds further up
        column = apply_constraints(where, column, metadata)
        column = apply_settings(where, column, annotation, self.settings, (*metadata, *around))
        column = apply_keywords(where, column, annotation, metadata)
        if _holds_json(metadata):
            column = as_json_texts(column)  # the model wants the text itself
        left = self.drawable(where, column)
        if left.kind == "null" and column.kind != "null":
            return left  # of no value nothing else can be said
        facts = facts_of(where, metadata)
        if len(self.nesting.inside) == 1 and metadata and isinstance(metadata[0], FieldInfo):
            facts = column_named(where, facts)[1]  # a field of a table: what it is called is said of its column
        column = apply_facts(where, left, facts)
        return replace(column, judge=None) if column.judge and _is_not_drawn(column) else column

    # -- a type ---------------------------------------------------------------------------------------------

    def type(self, where: str, name: str, annotation: Any, metadata: Sequence[Any]) -> Column:
        """A type by itself: the first of the tables and shapes that knows it."""
        self.nesting.parts += 1
        if any(annotation is known for known in (typing.Self, typing_extensions.Self)):
            annotation = next((model for model in reversed(self.nesting.inside) if isinstance(model, type)), annotation)
        origin = typing.get_origin(annotation)
        if full_name(type(annotation)).endswith("_forward_ref.PydanticRecursiveRef"):
            return self.annotated(where, name, self._generic_around(where, annotation.type_ref))
        if isinstance(annotation, (str, typing.ForwardRef)):
            return self.annotated(where, name, self._resolved(where, annotation))
        if isinstance(origin or annotation, ALIASES):
            with self.nesting.entered((annotation,)):
                return self.annotated(where, name, alias_value(annotation, origin))
        if origin is typing.Literal:
            return choice_of(where, name, typing.get_args(annotation))
        if origin in UNIONS:
            return self.union(where, name, typing.get_args(annotation), metadata)
        full = full_name(origin or annotation)
        if full == "pydantic.types.Secret" and origin:
            return self.annotated(where, name, typing.get_args(annotation)[0])
        known = known_type(annotation, full)
        if known is not None:
            return Column(name, **known)
        if origin is tuple and annotation in (tuple[()], typing.Tuple[()]):  # noqa: UP006 - as users write it
            return Column(name, "tuple")
        container = CONTAINERS.get(origin or annotation)
        if container:
            return self.container(where, name, origin or annotation, typing.get_args(annotation), container)
        if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
            return choice_of(where, name, [member.value for member in annotation])
        if text_format := format_of_type(origin or annotation):
            column = Column(name, "text", format=text_format)
            if text_format == "phone":
                return phone_column(where, column, PHONE, origin or annotation)
            if full in PYTHON_TYPES:
                return column
            return apply_constraints(where, column, [getattr(annotation, "_constraints", None)])
        fields = self.fields_of(where, annotation)
        if fields is not None:
            return self.object(where, name, annotation, fields)
        if (schema := schema_beside(metadata)) is not None:
            return column_from_schema(where, name, schema)
        return self.published(where, name, annotation)

    def union(self, where: str, name: str, branches: Sequence[Any], metadata: Sequence[Any] = ()) -> Column:
        """One of several types; None among them is a null."""
        may_be_none = any(branch in (None, type(None)) for branch in branches)
        around = metadata if may_be_none and len(branches) == 2 else ()
        columns: list[Column] = []
        undrawn: list[tuple[str, str]] = []
        refused: list[SchemaError] = []
        for branch in branches:
            if branch in (None, type(None)):
                continue
            try:
                column = self.annotated(where, name, branch, around=around)
            except TooDeep:
                undrawn += [] if self.nesting.inside_itself else [(type_name(branch), ENDLESS)]
                continue
            except SchemaError as error:  # another branch will do
                refused.append(error)
                undrawn.append((type_name(branch), error.reason(where)))
                continue
            columns.append(replace(column, name=_branch_name(column, branch, columns)))
        if not columns:
            if mistakes := [error for error in refused if not (may_be_none and isinstance(error, Unsatisfiable))]:
                raise mistakes[-1]
            if not may_be_none:
                raise TooDeep
            return Column(name, "null", undrawn=tuple(undrawn))
        column = columns[0] if len(columns) == 1 else Column(name, "union", parts=tuple(columns))
        nulls = column.nulls_if_optional if may_be_none else column.nulls
        return replace(column, name=name, nulls=nulls, undrawn=(*column.undrawn, *undrawn))

    def container(
        self, where: str, name: str, origin: Any, arguments: Sequence[Any], container: tuple[str, bool]
    ) -> Column:
        """A list, set, tuple or dict."""
        kind, differ = container
        if origin is tuple and arguments and arguments[-1] is not Ellipsis:
            parts = tuple(self.held(f"{where}[{i}]", str(i), item) for i, item in enumerate(arguments))
            return Column(name, "tuple", parts=parts)
        if origin is collections.Counter:
            arguments = (*(arguments or (str,)), int)
        try:
            if kind == "map":
                key, value = arguments or (str, Any)
                names = never_null(where, once_each(self.held(where, "key", key)))
                parts = (names, self.held(f"{where}{{}}", "value", value))
                return Column(name, kind, parts=parts, as_python=may_equal(names))
            item = arguments[0] if arguments else Any
            part = self.held(f"{where}[]", "item", item)
            if not differ:
                return Column(name, kind, parts=(part,))
            part = once_each(part)
            return Column(name, kind, parts=(part,), unique_items=True, as_python=may_equal(part))
        except TooDeep:
            key = (Column("key", "text"),) if kind == "map" else ()
            return Column(name, kind, parts=(*key, BELOW), max_length=0)

    def drawable(self, where: str, column: Column) -> Column:
        """The column without what must hold something and cannot, where a recursion ends, and without what no type can
        store. Raises TooDeep and Unsatisfiable where that leaves no value.
        """
        branches = {branch.name: branch for branch in column.parts} if column.kind == "union" else {column.kind: column}
        lost = {name: ENDLESS if is_cut_short(b) else why_unstorable(b) for name, b in branches.items()}
        kept = [branch for name, branch in branches.items() if not lost[name]]
        if len(kept) == len(branches):
            return column
        if not kept and column.nulls is None:
            if ENDLESS in lost.values():
                raise TooDeep
            raise Unsatisfiable(f"{where}: {'; '.join(lost.values())}.", hint=UNSTORABLE)
        told = [(name, why) for name, why in lost.items() if why and (why != ENDLESS or not self.nesting.inside_itself)]
        if len(kept) > 1:
            return replace(column, parts=tuple(kept), undrawn=(*column.undrawn, *told))
        left = replace(kept[0], name=column.name, nulls=column.nulls) if kept else Column(column.name, "null")
        return replace(left, undrawn=(*column.undrawn, *left.undrawn, *told))

    def held(self, where: str, name: str, annotation: Any) -> Column:
        """What a container holds: functions around its type judge each by itself."""
        column = self.annotated(where, name, annotation)
        functions = functions_around(annotation)
        if not functions or column.reference or column.kind == "null" or _is_not_drawn(column):
            return column
        judge = self._judge(where, Functions(annotation, functions))
        return replace(column, judge=judge) if judge else column

    # -- models, dataclasses, typed dictionaries, named tuples ------------------------------------------------

    def fields_of(self, where: str, annotation: Any) -> dict[str, Declared] | None:
        """The fields of a type that has some; None of one that has none."""
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation is not BaseModel and not annotation.__pydantic_complete__:
                annotation.model_rebuild(raise_errors=False)
            return {name: Declared(info) for name, info in annotation.model_fields.items()}
        if not isinstance(annotation, type):
            return None
        if known := getattr(annotation, "__pydantic_fields__", None):
            return {name: Declared(info) for name, info in known.items() if info.init is not False}
        try:
            hints = typing_extensions.get_type_hints(annotation, include_extras=True)
        except (NameError, TypeError):
            return None
        if dataclasses.is_dataclass(annotation):
            return {f.name: Declared(_field_of(hints[f.name], f)) for f in dataclasses.fields(annotation) if f.init}
        if typing_extensions.is_typeddict(annotation):
            required = annotation.__required_keys__  # type: ignore[attr-defined]
            return {name: _key_of(hint, name in required) for name, hint in hints.items()}
        if issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
            return {n: Declared(FieldInfo.from_annotation(hints.get(n, Any))) for n in annotation._fields}
        return None

    def object(self, where: str, name: str, annotation: Any, fields: Mapping[str, Declared]) -> Column:
        """A model, or what is like one, inside another."""
        if isinstance(annotation, type) and issubclass(annotation, RootModel):
            with self._inside(annotation):
                return self.annotated(where, name, fields["root"].info.annotation, (fields["root"].info,))
        parts = self.columns(where, annotation, fields)
        column = Column(name, "object", parts=parts, judge=self._judge(where, annotation) if parts else None)
        return column.titled(getattr(annotation, "__name__", None))

    def _judge(self, where: str, annotation: Any) -> str | None:
        """The name under which a class inside another, or functions around what a container holds, are known as a
        judge of its values, where they refuse some."""
        if annotation not in self.judging:
            self.judging[annotation] = check_of(annotation).judges_objects
        if not self.judging[annotation]:
            return None
        name = said = f"{where}: {check_of(annotation).called}"
        while self.judges.setdefault(name, annotation) is not annotation:  # two of one name, in one union
            name = f"{said} {len(self.judges)}"
        FUNCTIONS[name] = annotation
        return name

    def columns(self, where: str, annotation: Any, fields: Mapping[str, Declared]) -> tuple[Column, ...]:
        """The columns of a model's fields."""
        columns = []
        with self._inside(annotation):
            for name, declared in fields.items():
                column = self.field(f"{where}.{name}", name, declared.info, declared.may_be_absent)
                if declared.may_be_absent and not column.key:
                    column = replace(column, may_be_absent=True, nulls=column.nulls_if_optional)
                columns.append(column)
        return tuple(columns)

    @contextmanager
    def _inside(self, annotation: Any) -> Iterator[None]:
        """Go into a model, with its own settings."""
        before = self.settings
        with self.nesting.entered((annotation,)):
            self.settings = settings_of(annotation, before)
            try:
                yield
            finally:
                self.settings = before

    def _resolved(self, where: str, reference: Any) -> Any:
        """The type that a name means, in the modules of the models around it."""
        name = getattr(reference, "__forward_arg__", reference)
        known: dict[str, Any] = {}
        for model in self.nesting.inside:
            known |= vars(sys.modules.get(getattr(model, "__module__", ""), object))
        known |= {getattr(model, "__name__", ""): model for model in self.nesting.inside}
        try:
            return typing_extensions.evaluate_forward_ref(typing.ForwardRef(name), globals=known)
        except NameError as error:
            raise SchemaError(
                f"{where}: its type is named {name!r}: {error}.",
                hint="Define it in the same module, before the schema is read.",
            ) from error

    def _generic_around(self, where: str, reference: str) -> Any:
        """The model around that a generic one, inside of itself, refers to: "module.Tree:<id of Tree>[int:<id>]"."""
        for model in reversed(self.nesting.inside):
            said = getattr(model, "__pydantic_generic_metadata__", {})
            origin, arguments = said.get("origin") or model, said.get("args", ())
            if [id(origin), *map(id, arguments)] == [int(number) for number in _IDS.findall(reference)]:
                return model
        raise SchemaError(
            f"{where}: its type is a generic model inside of itself, {reference.partition(':')[0]}, with other types.",
            hint="Write the model for each type by itself, without type variables.",
        )

    # -- the rest ---------------------------------------------------------------------------------------------

    def published(self, where: str, name: str, annotation: Any) -> Column:
        """A type of somebody's own, by the JSON Schema that it publishes."""
        found = getattr(annotation, "__name__", str(annotation))
        try:
            schema = TypeAdapter(annotation).json_schema()
        except (PydanticUserError, PydanticInvalidForJsonSchema, TypeError, NameError) as error:
            hint = "Leave the field out, or give it a type whose values can be written down."
            raise Unsatisfiable(f"{where}: its type is {found}, and {NOT_DATA}.", hint=hint) from error
        return column_from_schema(where, name, schema)


def _is_not_drawn(column: Column) -> bool:
    """Whether something else than its fields says what an object is."""
    made = (column.derived, column.function, column.after, column.depends_on, column.given)
    return bool(any(made) or column.check or column.synthesizer)


def _kept(where: str, info: FieldInfo, declared: Column) -> Column:
    """A field that always has its default."""
    if info.is_required():
        raise SchemaError(f"{where}: it is to keep its default, and has none.", hint="Give the field a default.")
    if info.default_factory_takes_validated_data:
        raise SchemaError(
            f"{where}: it is to keep its default, and that is made from the other fields by a function.",
            hint='Say Derived(...) for a value that is computed from other fields: Derived("a + 1").',
        )
    try:
        default = info.get_default(call_default_factory=True)
    except Exception as error:
        raise SchemaError(
            f"{where}: it is to keep its default, and what makes that fails: {type(error).__name__}: {error}.",
            hint="Correct the default_factory, or let the field be drawn.",
        ) from error
    taken = _as_taken(where, info, default)
    return choice_of(where, declared.name, [default]) if _holds_json((info,)) else always(where, declared, taken)


def _holds_json(metadata: Sequence[Any]) -> bool:
    """Whether the model wants a text that holds JSON, and not the value in it."""
    return any("pydantic.types.Json" in (full_name(item), full_name(type(item))) for item in ungrouped(metadata))


def _as_taken(where: str, info: FieldInfo, default: Any) -> Any:
    """A default as its field takes it: Pydantic itself does not ask."""
    annotated: Any = Annotated[info.annotation, info]
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotated)
    except (PydanticUserError, NameError, TypeError):  # of a class that is not complete by itself
        return default
    try:
        return adapter.validate_python(default)
    except ValidationError as error:
        raise SchemaError(
            f"{where}: it is to keep its default, {default!r:.80}, which the field does not take: "
            f"{error.errors()[0]['msg'].rstrip('.')}.",
            hint="Correct the one or the other.",
        ) from error
    except Exception:  # noqa: BLE001 - a validator of the user's own may raise anything
        return default


@dataclass(frozen=True)
class Declared:
    """A field as its class declares it; a key of a TypedDict may be missing."""

    info: FieldInfo
    may_be_absent: bool = False


def _key_of(hint: Any, required: bool) -> Declared:
    hint, metadata = unwrapped(hint, ())
    annotated: Any = Annotated[(hint, *metadata)] if metadata else hint
    return Declared(FieldInfo.from_annotation(annotated), not required)


def _field_of(hint: Any, field: Any) -> FieldInfo:
    missing = dataclasses.MISSING
    if isinstance(field.default, FieldInfo):
        return FieldInfo.from_annotated_attribute(hint, field.default)
    if field.default is not missing:
        return FieldInfo.from_annotated_attribute(hint, field.default)
    if field.default_factory is not missing:
        return FieldInfo.from_annotated_attribute(hint, FieldInfo(default_factory=field.default_factory))
    return FieldInfo.from_annotation(hint)


def _branch_name(column: Column, branch: Any, others: Iterable[Column]) -> str:
    """A name for a branch of a union, unlike the others': it is part of the address of its values."""
    name = getattr(branch, "__name__", None) if column.kind == "object" else None
    name = name or column.kind
    taken = {other.name for other in others}
    return name if name not in taken else next(f"{name}{i}" for i in range(2, 10_000) if f"{name}{i}" not in taken)
