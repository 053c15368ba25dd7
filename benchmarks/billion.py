"""How long does `python -m gen --rows 1e9` take, and how much memory does it hold?

    python benchmarks/billion.py --rows 1e9 --dir /a/disk/with/60/GB

Runs the signature command once at a hundredth of the rows and once in full; samples the resident memory of the driver
and of each worker; runs it again, to see how long it takes to find that all is done; writes as many bytes in as many
files by themselves, to see what the disk does. The hundredth runs with workers, too, so memory can be compared.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from employee import hardware


class Memory:
    """The peak resident memory of a process and of each of its descendants, in bytes, sampled five times a second."""

    def __init__(self, process: int) -> None:
        self.process = psutil.Process(process)
        self.driver = 0
        self.workers: dict[int, int] = {}
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._sample)
        self.thread.start()

    def _sample(self) -> None:
        while not self.stopped.wait(0.2):
            try:
                self.driver = max(self.driver, self.process.memory_info().rss)
                for child in self.process.children(recursive=True):
                    self.workers[child.pid] = max(self.workers.get(child.pid, 0), child.memory_info().rss)
            except psutil.Error:
                continue

    def stop(self) -> dict[str, float]:
        self.stopped.set()
        self.thread.join()
        largest = sorted(self.workers.values(), reverse=True)
        return {"driver_mb": self.driver / 1e6, "largest_worker_mb": max(largest, default=0) / 1e6}


def run(rows: int, out: Path, workers: int) -> dict[str, float]:
    """Wall seconds, rows a second, bytes and memory of one run."""
    command = [sys.executable, "-m", "gen", "--rows", str(rows), "--out", str(out), "--workers", str(workers), "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    memory = Memory(process.pid)
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    peaks = memory.stop()
    if process.returncode:
        raise SystemExit(f"gen ended with {process.returncode}")
    summary = json.loads(output)
    return {
        "seconds": seconds,
        "rows": summary["rows"],
        "bytes": summary["bytes"],
        "rows_per_second": summary["rows"] / seconds,
        "mb_per_second": summary["bytes"] / seconds / 1e6,
        **peaks,
    }


def disk(folder: Path, size: int, workers: int) -> float:
    """MB a second at which the disk takes as many bytes, by as many processes, in files of 100 MB, synchronised."""
    folder.mkdir(parents=True)
    files = max(workers, size // 100_000_000)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill, args=(folder, i, files // workers)) for i in range(workers)]
    started = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - started
    written = sum(f.stat().st_size for f in folder.iterdir())
    shutil.rmtree(folder)
    return written / seconds / 1e6


def _fill(folder: Path, share: int, files: int) -> None:
    from gen.sinks.files.direct import DirectFile

    noise = os.urandom(2**20)
    for i in range(files):
        with DirectFile(folder / f"{share}-{i}") as file:
            for _ in range(100):
                file.write(noise)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="1e9")
    parser.add_argument("--dir", default=".", help="a folder on the disk to measure")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    rows, base = int(float(arguments.rows)), Path(arguments.dir).absolute() / "billion"
    shutil.rmtree(base, ignore_errors=True)
    small = run(rows // 100, base / "small", arguments.workers)
    shutil.rmtree(base / "small")
    full = run(rows, base / "full", arguments.workers)
    again = run(rows, base / "full", arguments.workers)
    shutil.rmtree(base / "full")
    rate = disk(base / "disk", int(full["bytes"]), arguments.workers)
    results = {
        "hardware": hardware(),
        "small": small,
        "full": full,
        "again_seconds": again["seconds"],
        "disk_mb_per_second": rate,
    }
    growth = full["largest_worker_mb"] / small["largest_worker_mb"] - 1
    print(f"\n{full['rows']:,} rows (the largest table {rows:,}), {full['bytes'] / 1e9:.1f} GB")
    print(f"  wall time               {full['seconds']:.1f} s")
    print(f"  speed                   {full['rows_per_second'] / 1e6:.2f} M rows/s, {full['mb_per_second']:.0f} MB/s")
    print(f"  the disk, same bytes    {rate:.0f} MB/s")
    print(f"  peak memory, driver     {full['driver_mb']:.0f} MB")
    print(
        f"  peak memory, a worker   {full['largest_worker_mb']:.0f} MB, {growth:+.1%} against a hundredth of the rows"
    )
    print(f"  the same command again  {again['seconds']:.1f} s")
    print(json.dumps(results["hardware"]))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
