"""This file knows how a plan is run: sources into a sink, partition by partition, in this process or on Dask.

The engine knows partitions, sources and sinks; no format, no schema, no synthesizer. It may run a partition twice, or
twice at once: the sink makes that harmless. A worker gets a reference to the job, which it fetches once, and a range of
partitions; it returns receipts. A task that keeps failing is set aside, the rest is finished, and the run says
what is missing.
"""

from __future__ import annotations

import ctypes
import logging
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from gen import fork_server
from gen.artefacts import digest, unpack
from gen.block import Partition, Receipt, Sink, Source
from gen.errors import ClusterError, GenError, RunError, SchemaError, TargetFull, ValuesChanged

if TYPE_CHECKING:
    import dask.dataframe
    from distributed import Client, Future

MOST_TASKS = 4_000  # a scheduler handles about a thousand a second, and chokes on a million
ATTEMPTS = 4  # of one task, before it is set aside
WINDOW = 3  # tasks submitted at a time, per thread
CONNECT_SECONDS = 15
WORKER_SECONDS = 60  # without any worker before a run gives up
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
_FATAL = (TargetFull, ValuesChanged)  # other tasks would fail as well
_LASTING = (SchemaError,)  # the same task would fail again: what the user's code did not do, it will not do


class Observer(Protocol):
    """Who is told how the run goes."""

    def dashboard(self, address: str) -> None: ...

    def wrote(self, receipt: Receipt) -> None: ...

    def warn(self, message: str) -> None: ...

    def finishing(self, steps: int) -> None: ...


@dataclass(frozen=True)
class Job:
    """What every worker needs: the sources by table, the sink, and the probe its own values must equal."""

    sources: Mapping[str, Source]
    sink: Sink
    probe: Mapping[str, Mapping[str, str]]

    def write(self, partition: Partition) -> Receipt:
        return self.sink.write(partition, _Batches(self.sources[partition.table], partition))


@dataclass(frozen=True)
class _Batches:
    """The rows of a partition, made anew each time that they are gone through: a sink may have to begin again."""

    source: Source
    partition: Partition

    def __iter__(self) -> Iterator[Any]:
        return self.source.batches(self.partition)


# -- in this process --------------------------------------------------------------------------------------


def run_here(job: Job, partitions: Sequence[Partition], observer: Observer) -> list[Receipt]:
    """Write the partitions one after another in this process, without Dask: nothing to start, one core.

    (Threads do not help: kernels last some 20 microseconds, and handing over the interpreter's lock between them
    costs as much; two threads were measured slower than one.)
    """
    _keep_freed_memory()
    receipts = []
    for partition in partitions:
        receipts.append(job.write(partition))
        observer.wrote(receipts[-1])
    return receipts


def _keep_freed_memory() -> None:
    """Ask glibc not to hand freed blocks back: every block of rows would fault its pages in again."""
    with suppress(OSError, AttributeError):
        tune = ctypes.CDLL("libc.so.6").mallopt
        for option in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            tune(option, fork_server.KEPT_BYTES)


# -- on a worker ------------------------------------------------------------------------------------------

_jobs: dict[str, Job] = {}  # by digest; one or two in the life of a worker process
_fetching = threading.Lock()


def write_range(name: str, partitions: Sequence[Partition]) -> list[Receipt]:
    """The task: write these partitions of the named job. Runs on a worker."""
    job = _job(name)
    return [job.write(partition) for partition in partitions]


def _job(name: str) -> Job:
    """The job, fetched by this process's first task, which also checks what this machine computes."""
    with _fetching:
        if name not in _jobs:
            job: Job = unpack(_fetch(name))
            for table, promised in job.probe.items():
                computed = job.sources[table].probe()
                changed = [f"{table}.{c}" for c in promised if c and computed[c] != promised[c]]
                if changed:
                    raise ValuesChanged(
                        f"The worker on {socket.gethostname()} computes other values of {', '.join(changed)} "
                        "than planned.",
                        hint="Give all workers the same versions of Python, NumPy, PyArrow and gen.",
                    )
            _jobs[name] = job
        return _jobs[name]


def _fetch(name: str) -> bytes:
    """The packed job from the scheduler, over the worker's own connection: a client of its own would outlive it."""
    from distributed import get_worker
    from distributed.utils import sync

    worker = get_worker()
    packed: bytes = sync(worker.loop, worker.scheduler.get_metadata, keys=["gen", name])
    return packed


# -- on a cluster -----------------------------------------------------------------------------------------


@contextmanager
def local_cluster(
    workers: int, observer: Observer, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Client]:
    """A cluster on this machine: a process per worker, everything bound to 127.0.0.1. environment: of workers alone."""
    import dask

    fork_server.start()
    from distributed import Client, LocalCluster, utils

    utils._forkserver_preload_set = True  # Dask would import pandas here to preload it; what is needed is preloaded
    port = _free_port(8787)
    with dask.config.set(_settings(port)), warnings.catch_warnings(), fork_server.main_unseen():
        warnings.simplefilter("ignore")  # a port taken in the meantime: another is used, and shown
        cluster = None
        try:
            with _interrupts_later():
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=f"127.0.0.1:{port}",
                    scheduler_kwargs={"dashboard": False},  # added when somebody looks
                    memory_limit=0,  # what a worker holds is bounded by design; watching it costs a thread's time
                    silence_logs=logging.CRITICAL,
                    env=dict(environment),
                )
            with Client(cluster, set_as_default=False) as client:
                observer.dashboard(cluster.dashboard_link)
                _Dashboard(cluster.scheduler)
                yield client
        finally:
            if cluster is not None:
                cluster.close(timeout=10)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold back the first Ctrl-C or termination: a cluster interrupted while it starts leaves processes behind."""
    held: list[int] = []

    def hold(number: int, frame: object) -> None:
        if held:
            raise KeyboardInterrupt
        held.append(number)

    in_main = threading.current_thread() is threading.main_thread()
    signals = [n for n in (signal.SIGINT, signal.SIGTERM) if in_main and callable(signal.getsignal(n))]
    before = {number: signal.signal(number, hold) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        raise KeyboardInterrupt


class _Dashboard:
    """Stands in for the pages of a scheduler's server until one is asked for: importing them takes half a second."""

    def __init__(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        scheduler.http_application.add_application(self)

    def find_handler(self, request: Any, **facts: Any) -> Any:
        """What the server asks for a path it does not know; runs in the scheduler's thread."""
        from distributed.dashboard.scheduler import connect

        application = self.scheduler.http_application
        application.applications.remove(self)
        connect(application, self.scheduler.http_server, self.scheduler, prefix="")
        return application.find_handler(request, **facts)


@contextmanager
def remote_cluster(address: str, observer: Observer) -> Iterator[Client]:
    """A cluster that exists. ClusterError where the scheduler, or any worker, does not answer in time."""
    import asyncio

    import dask
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set({"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"}):
        try:
            asyncio.run(_ask(address))  # a client waits for ever for a server that accepts and is silent
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise ClusterError(
                f"The scheduler at {address} does not answer within {CONNECT_SECONDS} seconds.",
                hint="Check the address, as tcp://host:8786, and that it is running.",
                address=address,
            ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise ClusterError(
                f"The scheduler at {address} has no workers.", hint="Start workers first.", address=address
            ) from error
        observer.dashboard(client.dashboard_link)
        yield client


async def _ask(address: str) -> None:
    """Wait until the scheduler says who it is; TimeoutError where it does not in time."""
    import asyncio

    from distributed.core import rpc

    async with asyncio.timeout(CONNECT_SECONDS), rpc(address) as scheduler:
        await scheduler.identity()


def _settings(port: int) -> dict[str, Any]:
    """Dask's settings for a cluster of this machine. Its housekeeping is made rare: it takes turns with the work."""
    return {
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.nanny.pre-spawn-environ": fork_server.WORKER_ENVIRONMENT,
        "distributed.scheduler.allowed-failures": 100,  # attempts are counted here, not there
        "distributed.scheduler.work-stealing": False,  # tasks are alike, and stealing can run one twice
        "distributed.scheduler.worker-ttl": None,  # a busy worker is not a dead one
        "distributed.scheduler.dashboard.bokeh-application.allow_websocket_origin": [
            f"{host}:{port}" for host in ("127.0.0.1", "localhost")
        ],
        "distributed.admin.tick.interval": "1s",
        "distributed.admin.tick.limit": "60s",
        "distributed.worker.profile.enabled": False,
    }


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0


@dataclass
class _Task:
    partitions: list[Partition]
    attempts: int = 0

    def key(self, name: str) -> str:
        """What the dashboard shows: table and part first; the rest makes every submission a new one."""
        first = self.partitions[0]
        return f"{first.table}-{first.index:06d}-{name[:8]}-{self.attempts}"


def run_on(
    client: Client,
    packed: bytes,
    partitions: Sequence[Partition],
    observer: Observer,
    land: Callable[[Receipt], Receipt],
) -> list[Receipt]:
    """Write the partitions with the cluster's workers, a sliding window of tasks at a time.

    land: done here, with what a worker has written, before more is asked for: of a sink that only one process may write
    to. Raises what is fatal for all of them at once; RunError, at the end, with the tasks that failed every attempt.
    """
    name = digest(packed)
    client.set_metadata(["gen", name], packed)
    per_task = -(-len(partitions) // MOST_TASKS)
    waiting = [_Task(list(partitions[i : i + per_task])) for i in range(0, len(partitions), per_task)][::-1]
    running: dict[Future[Any], _Task] = {}
    receipts: list[Receipt] = []
    failed: list[tuple[_Task, BaseException]] = []
    patience = _Patience(client)
    try:
        while waiting or running:
            for _ in range(min(len(waiting), patience.window - len(running))):
                task = waiting.pop()
                task.attempts += 1
                future = client.submit(write_range, name, task.partitions, key=task.key(name), pure=False)
                running[future] = task
            for future in patience.wait(list(running)):
                task = running.pop(future)
                error, written = _outcome(future)
                for receipt in written:
                    receipts.append(land(receipt))
                    observer.wrote(receipts[-1])
                if isinstance(error, _FATAL):
                    raise error
                if error is not None and task.attempts < ATTEMPTS and not isinstance(error, _LASTING):
                    waiting.append(task)
                elif error is not None:
                    failed.append((task, error))
                    observer.warn(f"{task.partitions[0].table} part {task.partitions[0].index} set aside: {error}")
    finally:
        client.cancel(list(running), force=True)
    if failed:
        raise _incomplete(failed)
    return receipts


def _outcome(future: Future[Any]) -> tuple[BaseException | None, list[Receipt]]:
    """A finished task: the exception it ended with, or its receipts. A killed worker is an exception as well."""
    try:
        error: BaseException | None = future.exception()
        return error, ([] if error is not None else future.result())
    except Exception as lost:  # noqa: BLE001 - cancelled futures raise here; the task is tried again
        return lost, []
    finally:
        future.release()


class _Patience:
    """Waits for tasks while the cluster lives; gives up on a scheduler that is gone or has no workers for long."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.threads = max(1, sum(client.nthreads().values()))
        self.idle = 0.0

    @property
    def window(self) -> int:
        return WINDOW * int(self.threads)

    def wait(self, futures: list[Future[Any]]) -> list[Future[Any]]:
        from distributed import wait

        with self.client.as_current():
            while True:
                try:
                    return list(wait(futures, timeout=2, return_when="FIRST_COMPLETED").done)
                except TimeoutError:
                    self._look()

    def _look(self) -> None:
        resume = "The same command resumes."
        if self.client.status != "running":
            raise RunError("The scheduler is gone.", hint=resume)
        self.threads = sum(self.client.nthreads().values())
        self.idle = 0.0 if self.threads else self.idle + 2
        self.threads = max(1, self.threads)
        if self.idle > WORKER_SECONDS:
            raise RunError(f"No worker has been there for {WORKER_SECONDS} seconds.", hint=resume)


def _incomplete(failed: Sequence[tuple[_Task, BaseException]]) -> RunError:
    parts = [f"{p.table} part {p.index}" for task, _ in failed for p in task.partitions]
    shown = ", ".join(parts[:5]) + (f" and {len(parts) - 5} more" if len(parts) > 5 else "")
    last = failed[-1][1]
    reason = last.message if isinstance(last, GenError) else f"{type(last).__name__}: {last}"
    return RunError(
        f"{len(parts)} partition(s) could not be written ({shown}); the last error was {reason}",
        hint="All others are written. Once the cause is mended, the same command writes the missing ones.",
        partitions=parts,
    )


# -- as a dask dataframe ------------------------------------------------------------------------------------


def dataframe(source: Source, partitions: Sequence[Partition], meta: Any) -> dask.dataframe.DataFrame:
    """The table as a lazy dask dataframe, a Dask partition for each of these; values as pandas would have them."""
    import dask.config
    import dask.dataframe

    frame: Callable[[Partition], Any] = _Frame(source)
    # Else Dask takes every object for text: dates and decimals would become texts, and bytes an error.
    with dask.config.set({"dataframe.convert-string": False}):
        made: dask.dataframe.DataFrame = dask.dataframe.from_map(frame, list(partitions), meta=meta)
    return made


@dataclass(frozen=True)
class _Frame:
    source: Source

    def __call__(self, partition: Partition) -> Any:
        import pyarrow as pa

        return pa.Table.from_batches(self.source.batches(partition), self.source.schema).to_pandas()
