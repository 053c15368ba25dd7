"""Proves that real schemas generate at a thousand times their size: SQLite says what the keys are, DuckDB counts."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from program import AS_OF, Forks

DATA = os.environ.get("GEN_TEST_DATA")
SCALE = 1000


class Declared:
    """What SQLite itself says of a database: rows, keys and references of every table."""

    def __init__(self, path: Path) -> None:
        with sqlite3.connect(path) as connection:
            listed = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            self.tables = [name for (name,) in listed]
            self.rows = {t: connection.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in self.tables}
            self.keys: dict[str, list[str]] = {}
            self.references: list[tuple[str, str, list[tuple[str, str]]]] = []
            for table in self.tables:
                columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
                self.keys[table] = [name for _, name, _, _, _, place in columns if place]
                keys = defaultdict(list)
                for number, _, parent, own, theirs, *_ in connection.execute(f'PRAGMA foreign_key_list("{table}")'):
                    keys[number, parent].append((own, theirs))
                self.references += [(table, parent, pairs) for (_, parent), pairs in keys.items()]
        connection.close()


@pytest.mark.parametrize("name", ["chinook", "northwind"])
def test_a_real_schema_has_a_thousand_times_the_rows_and_every_key_and_reference_holds(
    name: str, forks: Forks, tmp_path: Path
) -> None:
    if not DATA:
        pytest.skip("GEN_TEST_DATA is not set: the databases are not here")
    source = Path(DATA) / f"{name}.sqlite"
    declared = Declared(source)
    spec = ("--schema", f"sqlite:///{source}", "--scale", str(SCALE))
    assert forks(*spec, *AS_OF, "--out", "data", "--quiet", cwd=tmp_path).code == 0
    database = duckdb.connect()
    for table in declared.tables:
        files = tmp_path / "data" / quote(table, safe="") / "*.parquet"
        database.execute(f"CREATE VIEW \"{table}\" AS SELECT * FROM read_parquet('{files}')")

    def number(query: str) -> int:
        found = database.execute(query).fetchone()
        assert found is not None
        return int(found[0])

    for table, rows in declared.rows.items():
        assert number(f'SELECT count(*) FROM "{table}"') == SCALE * rows
        key = ", ".join(f'"{column}"' for column in declared.keys[table])
        assert number(f'SELECT count(*) FROM (SELECT DISTINCT {key} FROM "{table}")') == SCALE * rows
        for column in declared.keys[table]:
            assert number(f'SELECT count(*) FROM "{table}" WHERE "{column}" IS NULL') == 0
    assert declared.references
    for table, parent, pairs in declared.references:
        same = " AND ".join(f'child."{own}" = parent."{theirs}"' for own, theirs in pairs)
        there = " AND ".join(f'child."{own}" IS NOT NULL' for own, _ in pairs)
        orphans = f'SELECT count(*) FROM "{table}" child ANTI JOIN "{parent}" parent ON {same} WHERE {there}'
        assert number(orphans) == 0
        if declared.rows[table] and declared.rows[parent]:
            assert number(f'SELECT count(*) FROM "{table}" child WHERE {there}') > 0
