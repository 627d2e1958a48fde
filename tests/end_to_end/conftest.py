"""The command as a user runs it: a process of its own."""

import subprocess
import sys

import pytest

DONOHO = [
    "run",
    "donoho-tanner",
    *("--set", "n_latents=40", "--set", "undersampling=.4,.7", "--set", "sparsity_ratio=.1,.3,.5,.7,.9"),
    *("--set", "trials=4", "--set", "chunk_size=2", "--set", "amp_iterations=200"),
]

MAP = [
    "run",
    "superposition-map",
    *("--set", "n_latents=12", "--set", "n_dims=5", "--set", "density=.05,.2", "--set", "noise_std=.01,.1"),
    *("--set", "trials=2", "--set", "n_train=100", "--set", "n_eval=60", "--set", "training_steps=100"),
    *("--set", "sae_steps=50"),
]


def superposed(*arguments, cwd=None, env=None):
    """Run the command; gives the finished process with its output as text."""
    command = [sys.executable, "-m", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=300, check=False)


@pytest.fixture(scope="session")
def donoho_folder(tmp_path_factory):
    """A finished small run of donoho-tanner, not to be changed."""
    folder = tmp_path_factory.mktemp("donoho") / "out"
    done = superposed(*DONOHO, "--results", folder)
    assert done.returncode == 0, done.stderr
    assert "basis-pursuit: 80 converged, 0 max_iterations, 0 non_finite" in done.stdout
    assert done.stdout.rstrip().endswith(f"report: {folder}/report.html")
    return folder


@pytest.fixture(scope="session")
def map_folder(tmp_path_factory):
    """A finished small run of superposition-map, not to be changed."""
    folder = tmp_path_factory.mktemp("map") / "out"
    done = superposed(*MAP, "--results", folder)
    assert done.returncode == 0, done.stderr
    return folder
