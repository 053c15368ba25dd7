"""This file knows how a run is told to a person: bars on a terminal, plain lines elsewhere, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from gen.block import Receipt

LINE_SECONDS = 10  # between plain lines


def speed(rows: float, size: float, seconds: float) -> str:
    """Rows and bytes a second, as people read them."""
    seconds = max(seconds, 1e-9)
    return f"{rows / seconds / 1e6:,.2f} M rows/s, {size / seconds / 1e6:,.0f} MB/s"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class PlainProgress:
    """A line every few seconds: rows of all, speed, time left."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.rows: dict[str, int] = {}
        self.new_rows = self.new_bytes = 0
        self.started = self.last = time.monotonic()

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def plan(self, rows: Mapping[str, int], done: Sequence[Receipt]) -> None:
        self.totals = dict(rows)
        self.rows = dict.fromkeys(rows, 0)
        for receipt in done:
            self.rows[receipt.table] += receipt.rows
        tables = ", ".join(f"{name} {count:,}" for name, count in rows.items())
        there = f"; {sum(self.rows.values()):,} rows are there already" if done else ""
        self.say(f"rows: {tables}{there}")
        self.started = self.last = time.monotonic()

    def dashboard(self, address: str) -> None:
        self.say(f"dashboard: {address}")

    def wrote(self, receipt: Receipt) -> None:
        self.rows[receipt.table] += receipt.rows
        self.new_rows += receipt.rows
        self.new_bytes += receipt.bytes
        self.refresh(receipt)

    def refresh(self, receipt: Receipt) -> None:
        now = time.monotonic()
        if now - self.last < LINE_SECONDS:
            return
        self.last = now
        total, rows = sum(self.totals.values()), sum(self.rows.values())
        self.say(
            f"{rows:,} of {total:,} rows, {speed(self.new_rows, self.new_bytes, now - self.started)}, {self.left(now)}"
        )

    def left(self, now: float) -> str:
        rest = sum(self.totals.values()) - sum(self.rows.values())
        return f"{duration(rest * (now - self.started) / max(self.new_rows, 1))} left"

    def finishing(self, steps: int) -> None:
        self.say(f"all rows are there; now keys, indexes, references, conditions and statistics, in {steps} steps")

    def warn(self, message: str) -> None:
        self.say(f"warning: {message}")

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class BarProgress(PlainProgress):
    """A bar for each table and one for all, with rows, speed and time left."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>5.1f} %"),
            TextColumn("{task.completed:,.0f} / {task.total:,.0f} rows"),
            TextColumn("{task.fields[speed]}"),
        )
        self.bars = Progress(*columns, console=self.console)
        self.tasks: dict[str, Any] = {}

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def plan(self, rows: Mapping[str, int], done: Sequence[Receipt]) -> None:
        super().plan(rows, done)
        names = [*rows, "all"] if len(rows) > 1 else list(rows)
        for name in names:
            total = sum(rows.values()) if name == "all" else rows[name]
            there = sum(self.rows.values()) if name == "all" else self.rows[name]
            self.tasks[name] = self.bars.add_task(name, total=total, completed=there, speed="")
        self.bars.start()

    def refresh(self, receipt: Receipt) -> None:
        now = time.monotonic()
        self.bars.update(self.tasks[receipt.table], completed=self.rows[receipt.table])
        overall = self.tasks.get("all", self.tasks[receipt.table])
        text = f"{speed(self.new_rows, self.new_bytes, now - self.started)}, {self.left(now)}"
        self.bars.update(overall, completed=sum(self.rows.values()), speed=text)

    def say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


def progress() -> PlainProgress:
    """Bars where standard error is a terminal, lines elsewhere."""
    return BarProgress() if sys.stderr.isatty() else PlainProgress()
