"""The same bytes whatever computes the chunks, and what becomes of a run whose workers or scheduler die."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.errors import UserError
from bench.executors import on_dask
from bench.executors.on_dask import OnDask, cluster_at
from bench.executors.on_slurm import read_jobs
from bench.run import run_study
from bench.spec import load_spec
from bench.studies import get_study
from bench.verify import verify

STUDY = get_study("donoho-tanner")
SIZES = ["n_latents=20", "undersampling=.5,.7", "sparsity_ratio=.2,.4", "trials=4", "chunk_size=1", "methods=amp"]
STAND_INS = Path(__file__).parents[1] / "stand_ins"
RUN = ["run", "donoho-tanner", *(word for size in SIZES for word in ("--set", size))]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Of a run in one process."""
    folder = tmp_path_factory.mktemp("run") / "out"
    run_study(STUDY, load_spec(STUDY, settings=SIZES), folder)
    return read(folder)


def read(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "shards").glob("[0-9]*.parquet"))}


def started(folder, *options, **more):
    command = [sys.executable, "-m", "bench", *RUN, *options, "--results", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), **more}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_a_killed_worker_changes_nothing(shards, tmp_path):
    folder = tmp_path / "out"
    process = started(folder, "--workers", "2")
    deadline = time.monotonic() + 200
    while not list(folder.glob("shards/[0-9]*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = [
        one for one in psutil.Process(process.pid).children(recursive=True) if "spawn_main" in " ".join(one.cmdline())
    ]
    workers[-1].send_signal(signal.SIGKILL)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert read(folder) == shards


def test_worlds_are_shared_out_among_devices(shards, tmp_path):
    """Three devices in the place of the one that a CPU is; chunks of two worlds, so that one device has nothing new."""
    process = started(
        tmp_path / "out",
        *("--set", "chunk_size=2", "--precision", "float64"),
        XLA_FLAGS="--xla_force_host_platform_device_count=3",
    )
    _, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    single = tmp_path / "single"
    run_study(STUDY, load_spec(STUDY, settings=[*SIZES, "chunk_size=2"], precision="float64"), single)
    assert read(tmp_path / "out") == read(single)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert len(manifest["hardware"]["devices"]) == 3


@pytest.fixture
def cluster():
    """Scheduler and a worker, in this process."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        memory_limit=0,
    ) as cluster:
        yield cluster


def test_a_scheduler_that_runs_already(shards, cluster, tmp_path):
    spec = load_spec(STUDY, settings=SIZES)
    executor = OnDask(functools.partial(cluster_at, cluster.scheduler_address))
    run_study(STUDY, spec, tmp_path / "out", executor=executor)
    assert read(tmp_path / "out") == shards


def test_a_chunk_that_fails_on_a_worker_is_one_line(cluster):
    def work(task):
        raise UserError(f"no {task}")

    executor = OnDask(functools.partial(cluster_at, cluster.scheduler_address))
    with pytest.raises(UserError, match="no good"):
        list(executor.run(work, ["good"]))


def test_a_lost_scheduler_keeps_what_is_complete(tmp_path):
    """The scheduler is another process, and killed once the first of 600 shards is there."""
    from distributed import Client

    command = [sys.executable, "-c", "from distributed.cli.dask_scheduler import main; main()"]
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(tmp_path / "scheduler")]
    scheduler = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
    worker = None
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "scheduler").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with Client(scheduler_file=str(tmp_path / "scheduler"), set_as_default=False) as client:
            address = client.scheduler.address
            code = "from distributed.cli.dask_worker import main; main()"
            environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
            worker = subprocess.Popen(
                [sys.executable, "-c", code, address, "--nthreads", "1", "--no-nanny", "--no-dashboard"],
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            client.wait_for_workers(1, timeout=60)
        folder = tmp_path / "out"
        process = started(folder, "--set", "trials=300", "--scheduler", address)
        while not list(folder.glob("shards/[0-9]*.parquet")) and process.poll() is None:
            time.sleep(0.01)
        scheduler.send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=200)
    finally:
        for one in filter(None, (scheduler, worker)):
            one.kill()
            one.wait()
    assert process.returncode == 2, err
    assert "Traceback" not in err
    assert "the scheduler was lost" in err.splitlines()[-1]
    found = verify(folder)
    assert 0 < found.n_whole < found.n_chunks == 600
    assert found.faults == []


def test_no_scheduler(refusal, monkeypatch):
    monkeypatch.setattr(on_dask, "_PATIENCE", 0.3)
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in refusal(*RUN, "--scheduler", "tcp://127.0.0.1:9")
    assert "--workers and --slurm exclude each other" in refusal(*RUN, "--workers", "2", "--slurm", "x.toml")


def test_jobs_of_slurm(shards, tmp_path):
    """With stand-ins for sbatch and scancel: every job is submitted, computes, and is cancelled at the end."""
    (tmp_path / "jobs.toml").write_text(
        'jobs = 2\ncores = 3\nmemory = "4GB"\nwalltime = "00:10:00"\nqueue = "short"\naccount = "us"\n'
        'directives = ["--exclusive"]\nprologue = ["export OURS=1"]\n'
    )
    where = f"{STAND_INS}:{os.environ['PATH']}"
    folder = tmp_path / "out"
    process = started(folder, "--slurm", str(tmp_path / "jobs.toml"), PATH=where, STAND_IN=str(tmp_path))
    _, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert read(folder) == shards
    scripts = [path.read_text() for path in tmp_path.glob("script.*")]
    assert len(scripts) == 2
    for line in (
        "#SBATCH -p short",
        "#SBATCH -A us",
        "#SBATCH --exclusive",
        "#SBATCH --cpus-per-task=3",
        "export NPROC=3",
    ):
        assert all(line in script for script in scripts), line
    assert len((tmp_path / "cancelled").read_text().split()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("jobs = 1", "missing required field `cores`"),
        ('jobs = 0\ncores = 1\nmemory = "1GB"\nwalltime = "1"', "`$.jobs`"),
        ("jobs = ", "jobs.toml"),
        ('jobs = 1\ncores = 1\nmemory = "1GB"\nwalltime = "1"\npartition = "x"', "unknown field `partition`"),
    ],
)
def test_a_wrong_file_of_jobs_is_named(tmp_path, text, words):
    path = tmp_path / "jobs.toml"
    path.write_text(text)
    with pytest.raises(UserError) as refused:
        read_jobs(path)
    assert str(path) in str(refused.value)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
