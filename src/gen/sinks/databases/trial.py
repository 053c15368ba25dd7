"""This file knows how a few rows of each table are sent to a temporary table, and read back by another road.

It is done before anything is made: what a driver or a server changes on the way is seen before row one.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gen.block import plain
from gen.checksums import hash_values
from gen.errors import TargetError
from gen.sinks.databases.dialect import Dialect, LoadedTable
from gen.sinks.databases.session import Session
from gen.synth.json_text import canonical, parsed

TRIED_ROWS = 256
_NAME = "gen_trial"


def tried(dialect: Dialect, session: Session, table: LoadedTable, rows: pa.RecordBatch) -> None:
    """Send rows, read them back, compare. Raises TargetError for what comes back otherwise."""
    made = LoadedTable(_NAME, table.columns, table.made_of)
    lines = ", ".join(f"{dialect.quoted(c.name)} {c.type.named(dialect.types)}" for c in table.columns)
    with session.transaction():
        session.run(f"{dialect.making_temporary} {dialect.quoted(_NAME)} ({lines}){dialect.table_end_of_temporary}")
        dialect.load(session, made, [rows] if rows.num_rows else [])
        back = list(dialect.read(session, made))
        # After an error the connection is closed, and the table is gone with it.
        session.run(f"DROP {dialect.temporary} {dialect.quoted(_NAME)}")
    found = sum(batch.num_rows for batch in back)
    if found != rows.num_rows:
        raise TargetError(f"{table.made_of}: of {rows.num_rows} rows that were sent, {found} came back.", hint=_REPORT)
    for i, column in enumerate(table.columns):
        values = [comparable(batch.column(i), column.type.word) for batch in back]
        if values:
            _compare(f"{table.made_of}.{column.name}", comparable(rows.column(i), column.type.word), values)


def comparable(array: pa.Array, word: str) -> pa.Array:
    """Values as they compare: of JSON, a text that is the same however it was written."""
    array = plain(array)
    if word != "json":
        return array
    return pa.array([None if text is None else canonical(parsed(text)) for text in array.to_pylist()], pa.string())


def _compare(where: str, sent: pa.Array, back: list[pa.Array]) -> None:
    hashes = np.concatenate([hash_values(array, 0) for array in back])
    unlike = np.flatnonzero(hashes != hash_values(sent, 0))
    if unlike.size:
        i = int(unlike[0])
        came = pa.chunked_array(back)[i].as_py()
        raise TargetError(
            f"{where}: the database gives back {came!r:.80}, where {sent[i].as_py()!r:.80} was sent.", hint=_REPORT
        )


_REPORT = "The server, its driver or gen changes it; nothing was loaded. Write files instead, and report this."
