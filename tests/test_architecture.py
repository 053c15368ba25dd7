"""The rooms of the house: what may import what, which packages are fenced, and what `import gen` gives and costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gen

ROOT = Path(gen.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
NAMES = sorted(MODULES)
PACKAGES = {
    "__init__",
    "relations",
    "schema",
    "synth",
    "synth.agreeing",
    "synth.containers",
    "synth.judging",
    "synth.formulas",
    "synth.tied",
    "schema.json_schema",
    "schema.models",
    "schema.sql",
    "synth.laws",
    "synth.patterns",
    "synth.related",
    "synth.texts",
    "sinks",
    "sinks.files",
    "sinks.databases",
    "examples",
}  # they hold a docstring, or names resolved lazily

# A module imports only from the lines above its own.
FLOORS = [
    {"errors", "fork_server", "elementary", "fault_points"},
    {"halves"},
    {"streams"},
    {"permutations"},
    {"keys"},
    {"relations.histogram", "relations.picks", "relations.trees", "relations.covering", "relations.strata"},
    {"relations.level_kernels"},
    {"relations.arranged"},
    {"relations.fan_out"},
    {"block"},
    {"checksums"},
    {
        "schema.domains",
        "schema.models.core_schema",
        "schema.formats",
        "schema.json_schema.conditions",
        "schema.sql.conditions",
    },
    {"schema.words", "schema.characters", "schema.database_address"},
    {"schema.links"},
    {"schema.spec", "schema.markers", "schema.nesting", "schema.models.python_types", "schema.models.model_check"},
    {"schema.written", "schema.variants", "schema.measures", "schema.stand_ins", "schema.patterns", "schema.relations"},
    {"schema.distributions", "schema.matching"},
    {
        "schema.choices",
        "schema.row_markers",
        "schema.phones",
        "schema.link_markers",
        "schema.link_facts",
        "schema.existing",
    },
    {"schema.sql.column_types"},
    {"schema.row_facts"},
    {"schema.constraints"},
    {"schema.sql.columns", "schema.sql.references"},
    {"schema.sql.tables"},
    {"schema.facts"},
    {"schema.in_words", "schema.json_schema.extension"},
    {
        "schema.json_schema.conjunction",
        "schema.models.keywords",
        "schema.models.model_config",
        "schema.models.scalars",
        "schema.models.held",
        "schema.models.around",
    },
    {
        "schema.json_schema.documents",
        "schema.json_schema.dialects",
        "schema.json_schema.alternatives",
        "schema.json_schema.opposites",
        "schema.json_schema.undrawable",
    },
    {"schema.json_schema.arrays"},
    {"schema.json_schema.others"},
    {"schema.json_schema.from_json_schema"},
    {"schema.models.annotations", "schema.json_schema.to_json_schema"},
    {"schema.models.from_pydantic", "schema.models.from_module", "schema.from_database", "schema.to_models", "counts"},
    {"synth.json_text", "synth.texts.lists"},
    {"synth.laws.special", "synth.grids", "synth.rows", "synth.formulas.operations", "synth.listings"},
    {"synth.formulas.expressions", "synth.formulas.returned"},
    {"synth.synthesizer"},
    {"synth.ranked"},
    {"synth.laws.densities"},
    {"synth.laws.quantiles", "synth.laws.lines"},
    {"synth.laws.discrete"},
    {"synth.laws.cells"},
    {"synth.laws.samplers", "synth.laws.sums", "synth.laws.series"},
    {"synth.laws.counting"},
    {"synth.laws.components", "synth.laws.parameters"},
    {"synth.laws.reaches"},
    {"synth.laws.compiled"},
    {"synth.related.popular_rows"},
    {"synth.related.popularity"},
    {"synth.lengths", "synth.letters"},
    {"synth.related.children", "synth.related.segments"},
    {"synth.related.parents"},
    {"synth.related.picks"},
    {"synth.related.links"},
    {"synth.related.beyond_rows"},
    {"synth.numbers"},
    {"synth.times", "synth.clock", "synth.decimals", "synth.text", "synth.identifiers"},
    {"synth.texts.pieces", "synth.texts.prose"},
    {"synth.texts.format"},
    {"synth.correlation", "synth.faker_pool"},
    {"synth.choices"},
    {"synth.related.dealing"},
    {"synth.related.subsets"},
    {"synth.related.paths"},
    {"synth.related.matched"},
    {
        "synth.names",
        "synth.related.references",
        "synth.related.groups",
        "synth.nested",
        "synth.judging.checked",
        "synth.cased",
        "synth.containers.alike",
    },
    {"synth.constants"},
    {"synth.related.appended"},
    {"synth.related.single_references"},
    {"synth.judging.attempts", "synth.judging.row_filter", "synth.related.linking"},
    {"synth.tied.derived", "synth.beyond", "synth.judging.judged"},
    {"synth.key_pools", "synth.related.copies", "synth.related.aggregates", "synth.held"},
    {"synth.joining"},
    {"synth.tied.ordered", "synth.noise", "synth.containers.distinct"},
    {"synth.tied.ordered_floats"},
    {"synth.containers.lists", "synth.containers.unions"},
    {"synth.containers.containing"},
    {
        "synth.texts.domains",
        "synth.texts.times",
        "synth.texts.network",
        "synth.texts.codes",
        "synth.texts.syntax",
        "synth.texts.wide",
    },
    {"synth.formats", "synth.texts.locale"},
    {"synth.agreeing.together", "synth.unlike"},
    {"synth.agreeing.places", "synth.agreeing.births"},
    {"synth.agreeing.people"},
    {"synth.agreeing.implied"},
    {"synth.agreeing.measured"},
    {"synth.agreeing.company"},
    {"synth.patterns.tree", "synth.patterns.classes"},
    {"synth.patterns.parser", "synth.patterns.program"},
    {"synth.patterns.places"},
    {"synth.patterns.automaton"},
    {"synth.patterns.language"},
    {"synth.patterns.walks"},
    {"synth.patterns.sampling"},
    {"synth.patterns.keys"},
    {"synth.pattern"},
    {"synth.continued", "synth.drawn"},
    {"synth.table"},
    {"synth.columns"},
    {"synth.tables", "synth.related.amplification"},
    {"synth.trial", "synth.described"},
    {"plan", "sizes"},
    {"artefacts"},
    {"sinks.records"},
    {"sinks.claims", "sinks.disk"},
    {
        "sinks.databases.inversion",
        "sinks.databases.types",
        "sinks.databases.address",
        "sinks.databases.session",
        "sinks.databases.constraints",
    },
    {"sinks.databases.dialect", "sinks.databases.python_values", "sinks.databases.copy_kernel"},
    {"sinks.databases.copy_binary", "sinks.databases.postgresql_reading", "sinks.databases.checks"},
    {
        "sinks.databases.plain",
        "sinks.databases.postgresql",
        "sinks.databases.mysql",
        "sinks.databases.sqlite",
        "sinks.databases.duckdb",
    },
    {"sinks.databases.server", "sinks.databases.ddl", "sinks.databases.trial", "sinks.databases.refused"},
    {"sinks.databases.ledger"},
    {"sinks.databases.run_database", "sinks.databases.spool"},
    {"sinks.databases.sink"},
    {"sinks.databases.dialects", "sinks.databases.comparison"},
    {"sinks.files.direct", "sinks.files.formats", "sinks.files.folder_records"},
    {"sinks.files.text_files"},
    {"sinks.files.parquet", "sinks.files.csv_files", "sinks.files.jsonl_files", "sinks.files.arrow_files"},
    {"sinks.files.layouts", "sinks.files.folder"},
    {"sinks.files.sink"},
    {"sinks.files.comparison"},
    {"engine"},
    {"builder"},
    {"examples.employee", "examples.shop"},
    {"appending"},
    {"preparing"},
    {"run"},
    {"recorded"},
    {"worker", "database_verification", "progress"},
    {"verification"},
    {"cli"},
    {"__main__"},
]
LEVEL = {module: level for level, modules in enumerate(FLOORS) for module in modules}

# package -> the modules that may import it, on use or at once
FENCES = {
    "dask": {"engine"},
    "distributed": {"engine"},
    "numba": {"streams"},
    "llvmlite": {"streams"},
    "sqlalchemy": {"schema.from_database", "schema.database_address"},
    "faker": {"synth.faker_pool"},
    "psycopg": {"sinks.databases.postgresql"},
    "pymysql": {"sinks.databases.mysql"},
    "duckdb": {"sinks.databases.duckdb"},
    "sqlite3": {"sinks.databases.sqlite"},
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree that runs: what only type checkers see is left out."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for other in node.orelse:
            yield from running_nodes(other)
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from running_nodes(child)


@cache
def imported(module: str) -> frozenset[str]:
    """The full names of all that a module imports, inside functions too."""
    found: set[str] = set()
    for node in running_nodes(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def rooms(module: str) -> set[str]:
    """The modules of gen that a module imports; a public name counts as the module it lives in."""
    found = set()
    for name in imported(module):
        if name.split(".")[0] != "gen":
            continue
        inside = name.removeprefix("gen").removeprefix(".")
        inside = gen._HOME.get(inside, inside)
        while inside and inside not in MODULES:
            inside = inside.rpartition(".")[0]
        found.add(inside)
    return found


def test_every_module_has_its_floor() -> None:
    assert set(NAMES) == set(LEVEL) | PACKAGES


@pytest.mark.parametrize("module", sorted(LEVEL))
def test_imports_go_down_only(module: str) -> None:
    upward = {other for other in rooms(module) if other in LEVEL and LEVEL[other] >= LEVEL[module]}
    assert not upward


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_imports_nothing_of_gen_by_itself(package: str) -> None:
    assert not rooms(package)


@pytest.mark.parametrize("fenced", sorted(FENCES))
def test_a_fenced_package_is_imported_only_behind_its_fence(fenced: str) -> None:
    importers = {module for module in NAMES if fenced in {name.split(".")[0] for name in imported(module)}}
    assert importers <= FENCES[fenced]


def test_the_fences_and_floors_are_read_from_real_imports() -> None:
    assert "engine" in {m for m in NAMES if "distributed" in {name.split(".")[0] for name in imported(m)}}
    assert {"block", "errors"} <= rooms("engine")


def test_the_engine_knows_no_format_no_schema_and_no_synthesizer() -> None:
    assert rooms("engine") <= {"errors", "fork_server", "streams", "keys", "block", "artefacts"}


def test_the_arithmetic_of_relations_knows_no_schema_no_law_and_no_synthesizer() -> None:
    found = set().union(*(rooms(module) for module in NAMES if module.startswith("relations.")))
    assert found <= {"errors", "streams", "permutations", "keys", "block", "elementary"} | {
        m for m in NAMES if m.startswith("relations.")
    }


def test_no_room_is_a_box_for_odds_and_ends() -> None:
    vague = {"utils", "util", "helpers", "common", "misc", "core", "base"}
    assert not {part for module in NAMES for part in module.split(".")} & vague


@pytest.mark.parametrize("module", NAMES)
def test_a_module_says_what_it_knows_and_stays_readable(module: str) -> None:
    assert ast.get_docstring(tree(module))
    assert len(MODULES[module].read_text("utf-8").splitlines()) < 600
    functions = [n for n in ast.walk(tree(module)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    assert not [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno + 1 > 60]


def test_importing_gen_imports_nothing_heavy() -> None:
    heavy = ["dask", "distributed", "numba", "pandas", "pyarrow", "sqlalchemy"]
    code = f"import sys, gen; print([name for name in {heavy} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.strip() == "[]"


PLANNED = """
import datetime, enum, sys
from typing import Annotated, Literal, Optional, Union
from pydantic import BaseModel, EmailStr
from gen import Derived, Nulls, When, run
from gen.builder import Schema

class Part(BaseModel):
    size: Optional[float]

class Thing(BaseModel):
    kind: Literal["a", "b"]
    level: enum.IntEnum("Level", ["LOW", "HIGH"])
    when: Optional[datetime.datetime]
    choice: Optional[Literal["x", "y"]]
    parts: list[Part]
    flag: Optional[bool]
    mail: EmailStr
    any_of: Union[int, str, Part]
    count: int
    twice: Annotated[int, Derived("count * 2 if count > 3 else 0")]
    known: Annotated[Optional[str], When("flag and level == 1")]
    number: Annotated[str, Nulls(0.2, value="999")]

schema = Schema()
schema.add(Thing, rows=5000)
run.prepare(run.Request(schema=schema))
print([name for name in ("pandas", "scipy.linalg", "dask", "sqlalchemy") if name in sys.modules])
"""


def test_planning_imports_neither_pandas_nor_scipy() -> None:
    """Each takes half a second. Numba imports SciPy to compile, as in the first run, which fills the cache."""
    for _ in range(2):
        ended = subprocess.run([sys.executable, "-c", PLANNED], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.strip() == "[]"


def test_public_names_are_sorted_and_all_have_a_home() -> None:
    assert gen.__all__ == sorted(gen.__all__)
    assert set(gen.__all__) == set(gen._HOME)
    assert dir(gen) == gen.__all__


@pytest.mark.parametrize("name", gen.__all__)
def test_a_public_name_resolves_to_something_documented_in_its_home(name: str) -> None:
    item = getattr(gen, name)
    assert item.__module__ == f"gen.{gen._HOME[name]}"
    assert item.__doc__
    assert not item.__doc__.startswith(f"{name}("), "a dataclass without a docstring of its own"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = gen.nonsense


def test_which_class_draws_a_column_does_not_depend_on_what_was_imported_first() -> None:
    code = """
import gen.synth.FIRST, gen.synth.tables
from gen.synth.synthesizer import Synthesizer, _candidates
print([each().__name__ for refers in (False, True) for each in _candidates(refers, Synthesizer.classes_defined)])
"""
    firsts = ["tables", "related.amplification", "text", "tied.ordered", "agreeing.people"]
    texts = [code.replace("FIRST", first) for first in firsts]
    said = [subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) for text in texts]
    assert len({process.communicate(timeout=60)[0] for process in said}) == 1
    assert [process.returncode for process in said] == [0] * len(firsts)
