"""This file knows what a worker process needs before it starts: everything slow to import and to load, once.

Local workers are forked from a process that imported this file (Python's fork server), so that starting one costs
milliseconds, and the machine code of the kernels is loaded once for all of them. Nothing else imports it.
"""

from __future__ import annotations

import gc

import gen.engine as _engine  # noqa: F401 - what a task needs
from gen.builder import EXAMPLE, load_schema
from gen.synth.tables import table_sources

# Drawing a few rows loads every common kernel.
_spec = load_schema(EXAMPLE).spec
for _source in table_sources(_spec, {table.name: table.rows for table in _spec.tables}, seed=0).values():
    _source.probe()

gc.freeze()  # so that no worker's collector walks, and thereby copies, all that was imported
