"""Workers that are jobs of SLURM, by dask-jobqueue (extra `slurm`)."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from bench.errors import UserError
from bench.executors.on_dask import client_of

if TYPE_CHECKING:
    from distributed import Client


class Jobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of SLURM: `jobs` jobs of `cores` cores each, which its `workers_per_job` processes share.

    `memory` as "16GB", `walltime` as "02:00:00". `directives` become lines `#SBATCH ...` of the job's script and
    `prologue` lines before the worker starts; `python` is the interpreter there (default: the one here), `interface`
    the network interface of scheduler and workers.
    """

    jobs: Annotated[int, Meta(ge=1, le=100_000)]
    cores: Annotated[int, Meta(ge=1, le=10_000)]
    memory: str
    walltime: str
    workers_per_job: Annotated[int, Meta(ge=1, le=1000)] = 1
    queue: str | None = None
    account: str | None = None
    interface: str | None = None
    python: str | None = None
    directives: list[str] = []
    prologue: list[str] = []
    log_directory: str | None = None
    start_seconds: Annotated[float, Meta(gt=0)] = 3600.0
    """How long to wait for the first worker."""


def read_jobs(path: Path) -> Jobs:
    """Read a TOML file. Raises UserError, which names the field that is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Jobs)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


@contextmanager
def slurm_workers(jobs: Jobs) -> Iterator["Client"]:
    """Submit the jobs, and cancel them at the end. Raises UserError where that cannot be done, or none ever starts."""
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise UserError("--slurm needs dask-jobqueue: install superposed[slurm]") from None
    # JAX's pool of threads is as large as NPROC says.
    threads = max(1, jobs.cores // jobs.workers_per_job)
    submit: Any = SLURMCluster
    settings = {"queue": jobs.queue, "account": jobs.account, "interface": jobs.interface, "python": jobs.python}
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(
                submit(
                    cores=jobs.workers_per_job,
                    processes=jobs.workers_per_job,
                    job_cpu=jobs.cores,
                    memory=jobs.memory,
                    walltime=jobs.walltime,
                    job_extra_directives=jobs.directives,
                    job_script_prologue=[f"export NPROC={threads}", *jobs.prologue],
                    log_directory=jobs.log_directory,
                    scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                    silence_logs=logging.CRITICAL,
                    **{name: value for name, value in settings.items() if value is not None},
                )
            )
            cluster.scale(jobs=jobs.jobs)
            client = stack.enter_context(client_of(cluster))
            client.wait_for_workers(1, timeout=jobs.start_seconds)
        except TimeoutError:
            raise UserError(f"no job of SLURM started a worker within {jobs.start_seconds:.0f} s") from None
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(f"SLURM: {error}".replace("\n", " ")) from None
        yield client
