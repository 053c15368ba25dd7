"""What is written is what was meant: read back by another reader, encoded as chosen, bounded, with its receipt."""

from __future__ import annotations

import datetime
import enum
import json
import os
import resource
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from gen import Domain, ForeignKey, Normal, PrimaryKey, Schema, Storage, Summary, generate, verify
from gen.checksums import add_checksums
from gen.sinks.files import direct
from gen.sinks.files.direct import BUFFER, DirectFile
from gen.sinks.files.parquet import ParquetLayout, column_settings

ROWS = 20_000
MEMORY = Path("/dev/shm")


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Boss(BaseModel):
    id: Annotated[int, PrimaryKey()]
    code: Annotated[str, Field(min_length=3, max_length=8)]


class Everything(BaseModel):
    id: Annotated[int, PrimaryKey()]
    digit: Annotated[int, Field(ge=0, le=9)]
    wide: Annotated[int, Field(ge=0, le=2**62)]
    narrow: Annotated[int, Field(ge=-(2**29), le=2**29)]
    velocity: Annotated[float, Field(ge=2, le=21), Normal()]
    flag: bool
    born: datetime.date
    seen: datetime.datetime
    colour: Colour
    level: Literal[1, 2, 3]
    note: Annotated[str, Field(max_length=40)]
    person: Annotated[str, Domain("name")]
    boss: Annotated[int, ForeignKey("Boss.id")]


def everything(rows: int = ROWS) -> Schema:
    schema = Schema("everything")
    schema.add(Everything, rows=rows)
    schema.add(Boss, rows=100)
    return schema


def write(out: Path, schema: Schema | None = None, **options: Any) -> Summary:
    return generate(schema=schema or everything(), out=str(out), workers=1, **options)


def read(folder: Path) -> pa.Table:
    """All files of a table, in the order of their names, as DuckDB reads them."""
    with duckdb.connect() as connection:
        return connection.sql(f"from read_parquet('{folder}/*.parquet')").to_arrow_table()


def plain(table: pa.Table) -> pa.Table:
    """Dictionaries as their values."""
    types = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in table.schema]
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "data"
    summary = write(out, partition_rows=7000)
    assert summary.rows == ROWS + 100
    return out


# -- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["compatible", "fast"])
@pytest.mark.parametrize("name", ["Everything", "Boss"])
def test_another_reader_finds_the_values_that_were_meant(name: str, profile: str, tmp_path: Path) -> None:
    write(tmp_path / "data", partition_rows=7000, layout=ParquetLayout(encoding=profile))
    meant = plain(everything().table(name).arrow())
    found = read(tmp_path / "data" / name)
    assert found.column_names == meant.column_names
    assert found.cast(meant.schema).equals(meant)


def test_types_are_the_plain_ones_that_every_engine_reads(written: Path) -> None:
    kinds = dict(zip(Everything.model_fields, map(str, read(written / "Everything").schema.types), strict=True))
    assert kinds == {
        "id": "int64",
        "digit": "int64",
        "wide": "int64",
        "narrow": "int64",
        "velocity": "double",
        "flag": "bool",
        "born": "date32[day]",
        "seen": "timestamp[us]",
        "colour": "string",
        "level": "int64",
        "note": "string",
        "person": "string",
        "boss": "int64",
    }


def test_no_column_is_nullable(written: Path) -> None:
    with pq.ParquetFile(written / "Everything" / "part-000000.parquet") as file:
        assert not any(field.nullable for field in file.schema_arrow)
        assert {file.schema.column(i).max_definition_level for i in range(len(file.schema))} == {0}


def test_a_table_without_rows_is_one_readable_file(tmp_path: Path) -> None:
    summary = write(tmp_path / "data", rows={"Everything": 0})
    assert summary.tables["Everything"]["rows"] == 0
    assert [path.name for path in (tmp_path / "data" / "Everything").iterdir()] == ["part-000000.parquet"]
    found = read(tmp_path / "data" / "Everything")
    assert found.num_rows == 0
    assert found.column_names == list(Everything.model_fields)
    assert verify(str(tmp_path / "data")).differences == ()


# -- encodings --------------------------------------------------------------------------------------------


def encodings(path: Path) -> dict[str, set[str]]:
    """The encodings of values, by column, in every row group of a file."""
    metadata = pq.read_metadata(path)
    found: dict[str, set[str]] = {}
    for group in range(metadata.num_row_groups):
        for i in range(metadata.num_columns):
            column = metadata.row_group(group).column(i)
            kinds = {"DICTIONARY" if "DICTIONARY" in e else e for e in column.encodings} - {"RLE", "BIT_PACKED"}
            # a dictionary's own page is plain
            found.setdefault(column.path_in_schema, set()).update(kinds - {"PLAIN"} or kinds)
    return found


@pytest.mark.parametrize(("kind", "half"), [(pa.int64(), 32), (pa.timestamp("us"), 32), (pa.date32(), 16)])
def test_numbers_are_packed_where_that_more_than_halves_them(kind: pa.DataType, half: float) -> None:
    for bits, encoding in ((half - 0.1, "DELTA_BINARY_PACKED"), (half, "PLAIN")):
        storage = Storage(kind.bit_width / 8, bits)
        assert column_settings(kind, storage, ParquetLayout()).encoding == encoding
        assert column_settings(kind, storage, ParquetLayout(encoding="fast")).encoding == "PLAIN"


def test_columns_are_encoded_by_what_is_known_of_their_values(written: Path) -> None:
    found = encodings(written / "Everything" / "part-000000.parquet")
    assert found["id"] == {"DELTA_BINARY_PACKED"}
    assert found["narrow"] == {"DELTA_BINARY_PACKED"}
    assert found["wide"] == {"PLAIN"}
    assert found["velocity"] == {"PLAIN"}
    assert found["note"] == {"PLAIN"}
    for name in ("digit", "colour", "level"):
        assert found[name] == {"DICTIONARY"}


def test_the_fast_profile_packs_no_numbers(tmp_path: Path) -> None:
    write(tmp_path / "data", layout=ParquetLayout(encoding="fast"))
    found = encodings(tmp_path / "data" / "Everything" / "part-000000.parquet")
    for name in ("id", "narrow", "digit", "level", "note"):
        assert found[name] == {"PLAIN"}
    assert found["colour"] == {"DICTIONARY"}


@pytest.mark.parametrize(
    ("option", "codec"),
    [
        ("none", "UNCOMPRESSED"),
        ("snappy", "SNAPPY"),
        ("lz4", "LZ4"),
        ("zstd", "ZSTD"),
        ("gzip", "GZIP"),
        ("brotli", "BROTLI"),
    ],
)
def test_the_compression_asked_for_is_used_everywhere(option: str, codec: str, tmp_path: Path) -> None:
    write(tmp_path / "data", everything(500), layout=ParquetLayout(option))
    metadata = pq.read_metadata(tmp_path / "data" / "Everything" / "part-000000.parquet")
    assert {metadata.row_group(0).column(i).compression for i in range(metadata.num_columns)} == {codec}
    assert read(tmp_path / "data" / "Everything").num_rows == 500


@pytest.mark.parametrize("limit", [100_000, 4 * 2**20])
def test_row_groups_are_bounded_in_bytes(limit: int, tmp_path: Path) -> None:
    write(tmp_path / "data", everything(150_000), layout=ParquetLayout(row_group_bytes=limit))
    with pq.ParquetFile(tmp_path / "data" / "Everything" / "part-000000.parquet") as file:
        groups = [file.read_row_group(i) for i in range(file.num_row_groups)]
    assert len(groups) >= 3
    assert len({group.num_rows for group in groups[:-1]}) == 1
    assert sum(group.num_rows for group in groups) == 150_000
    sizes = [group.nbytes for group in groups]
    assert max(sizes) <= 2 * limit
    assert min(sizes[:-1]) >= limit / 4


# -- receipts ---------------------------------------------------------------------------------------------


def test_every_file_carries_its_receipt_and_the_manifest_sums_them_up(written: Path) -> None:
    said = json.loads((written / "_gen" / "manifest.json").read_text("utf-8"))
    receipts = []
    for path in sorted((written / "Everything").iterdir()):
        metadata = pq.read_metadata(path)
        receipts.append(json.loads(metadata.metadata[b"gen.receipt"]))
        assert receipts[-1]["fingerprint"] == said["fingerprint"]
        assert receipts[-1]["stop"] - receipts[-1]["start"] == metadata.num_rows
    places = [(r["table"], r["index"], r["start"], r["stop"]) for r in receipts]
    table = "Everything"
    assert places == [(table, 0, 0, 7000), (table, 1, 7000, 14_000), (table, 2, 14_000, 20_000)]
    assert said["tables"][table] == {
        "rows": ROWS,
        "files": 3,
        "bytes": sum(path.stat().st_size for path in (written / table).iterdir()),
        "checksum": add_checksums(r["checksum"] for r in receipts),
    }


# -- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Plain_Name-1", "Plain_Name-1"),
        ("two words", "two%20words"),
        ("../outside", "%2E%2E%2Foutside"),
        ("/etc", "%2Fetc"),
        ("a%20b", "a%2520b"),
        ("Straße", "Stra%C3%9Fe"),
        ("semi;colon'quote\"", "semi%3Bcolon%27quote%22"),
        ("..", "%2E%2E"),
    ],
)
def test_a_tables_folder_is_its_name_percent_encoded(name: str, folder: str, tmp_path: Path) -> None:
    schema = Schema("odd")
    schema.add(create_model(name, id=(Annotated[int, PrimaryKey()], ...)), rows=10)
    write(tmp_path / "data", schema)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == sorted(["_SUCCESS", "_gen", folder])
    with pq.ParquetFile(tmp_path / "data" / folder / "part-000000.parquet") as file:
        assert file.metadata.num_rows == 10
    assert verify(str(tmp_path / "data")).differences == ()
    assert write(tmp_path / "data", schema).written == 0


# -- the file itself --------------------------------------------------------------------------------------


def places(tmp_path_factory: pytest.TempPathFactory, where: str) -> Path:
    if where == "memory" and not os.access(MEMORY, os.W_OK):
        pytest.skip("there is no /dev/shm to write to")
    folder = MEMORY if where == "memory" else tmp_path_factory.getbasetemp()
    return folder / f"gen-{uuid.uuid4().hex}"


sizes = st.one_of(
    st.integers(0, 200),
    st.sampled_from([4095, 4096, 4097, BUFFER - 4096, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER + 5]),
)
NOISE = os.urandom(3 * BUFFER)


@pytest.mark.parametrize("where", ["disk", "memory"])
@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(sizes, max_size=6))
def test_any_sequence_of_writes_is_the_file(
    where: str, lengths: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = places(tmp_path_factory, where)
    pieces = [NOISE[i : i + length] for i, length in enumerate(lengths)]
    try:
        with DirectFile(path) as file:
            for piece in pieces:
                at = file.tell()
                assert file.write(piece) == len(piece)
                assert file.tell() == at + len(piece)
        assert path.read_bytes() == b"".join(pieces)
    finally:
        path.unlink(missing_ok=True)


def test_a_file_that_exists_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        DirectFile(tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == b"mine"


@pytest.mark.filterwarnings("error")
def test_a_file_closes_after_an_error_and_leaks_nothing(tmp_path: Path) -> None:
    process = psutil.Process()
    files, threads = process.num_fds(), threading.active_count()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * BUFFER, hard))
    try:
        with pytest.raises(OSError, match="large"), DirectFile(tmp_path / "limited") as file:
            file.write(NOISE * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.closed
    file.close()
    assert (process.num_fds(), threading.active_count()) == (files, threads)
    assert len({id(buffer) for buffer in direct._spare}) == len(direct._spare) <= direct.AHEAD + 1


def test_an_error_that_somebody_swallows_is_raised_again_by_close(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * BUFFER, hard))
    try:
        file = DirectFile(tmp_path / "limited")
        with suppress(OSError):
            file.write(NOISE * 40)
        with pytest.raises(OSError, match="large"):
            file.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "limited").stat().st_size <= 2 * BUFFER


def test_a_file_closes_when_its_writer_raises(tmp_path: Path) -> None:
    with pytest.raises(TypeError), DirectFile(tmp_path / "half") as file:
        file.write("text is not bytes")
    assert file.closed
