"""Chunks on workers of Dask: processes of this machine, a cluster that is there already, or jobs of SLURM."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from bench.cores import usable_cores
from bench.errors import UserError, said
from bench.executors import Done, Task

if TYPE_CHECKING:
    from distributed import Client

_AHEAD = 2
"""Tasks that are sent ahead for each thread, so that none waits and memory does not grow with the tasks."""
_PATIENCE = 30.0
"""Seconds in which a scheduler has to answer, and a worker of this machine to start."""


class OnDask:
    """Runs tasks on the workers of a client that `connect` opens; what is done first comes first.

    A worker that dies has its tasks done by others; Dask gives a task up that several died of, which raises UserError,
    as does a scheduler that is lost.
    """

    def __init__(self, connect: Callable[[], AbstractContextManager["Client"]]) -> None:
        self._connect = connect

    def run(self, work: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        """Yield results as they come; what is still to be done when the caller stops is called off."""
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.comm.core import CommClosedError

        left = iter(tasks)
        with self._connect() as client:
            threads: Any = client.nthreads()
            coming = as_completed(loop=client.loop, with_results=True, raise_errors=False)
            try:
                for _, task in zip(range(_AHEAD * sum(threads.values())), left, strict=False):
                    coming.add(client.submit(work, task, pure=False))
                for future, result in coming:
                    if future.status != "finished":
                        raise _raised(result)
                    yield result  # pyright: ignore[reportReturnType]
                    future.release()
                    for task in left:
                        coming.add(client.submit(work, task, pure=False))
                        break
            except KilledWorker as error:
                raise UserError(f"workers died of a chunk, {error.task}; the memory may not suffice") from None
            except (CancelledError, CommClosedError) as error:
                raise UserError(f"the scheduler was lost ({said(error)}); the same command goes on") from None
            finally:
                client.cancel(list(coming.futures), force=True)


def _raised(result: Any) -> BaseException:
    """What a failed future gives: an exception, or a triple as of `sys.exc_info`."""
    return result[1] if isinstance(result, tuple) else result


@contextmanager
def local_workers(n_workers: int) -> Iterator["Client"]:
    """So many processes of this machine, which share its cores."""
    from distributed import LocalCluster

    # JAX's pool of threads is as large as NPROC says. Nothing limits a worker's memory: that is the machine's to do.
    start: Any = LocalCluster
    environment = {"NPROC": os.environ.get("NPROC", str(max(1, usable_cores() // n_workers)))}
    with ExitStack() as stack:
        cluster = stack.enter_context(
            start(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                # Of the scheduler's pages for machines: any free port, as several runs may share this machine.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                env=environment,
            )
        )
        yield stack.enter_context(client_of(cluster))


@contextmanager
def cluster_at(address: str) -> Iterator["Client"]:
    """The workers of a scheduler that runs already. Raises UserError where there is none, or it has no workers."""
    with ExitStack() as stack:
        try:
            client = stack.enter_context(client_of(address))
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"no Dask scheduler answers at {address}: {said(error)}") from None
        if not client.nthreads():
            raise UserError(f"the scheduler at {address} has no workers; start some: dask worker {address}")
        _check_workers(client, address)
        yield client


def _check_workers(client: "Client", address: str) -> None:
    """Workers must have what they are to run."""
    found: Any = client.run(_version)
    for worker, version in found.items():
        if version != _version():
            there = f"version {version}" if version else "none"
            raise UserError(
                f"worker {worker} of the scheduler at {address} has {there} of superposed, this process {_version()}"
            )


def _version() -> str | None:
    import importlib.metadata

    try:
        return importlib.metadata.version("superposed")
    except importlib.metadata.PackageNotFoundError:
        return None


@contextmanager
def client_of(where: Any) -> Iterator["Client"]:
    """A client of a cluster or address."""
    from distributed import Client

    # What it logs of a lost connection is a traceback; the error that follows is told in a line.
    for name in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with Client(where, timeout=_PATIENCE, set_as_default=False) as client:
        yield client
