"""The command as a user calls it; where it only refuses, in this process, as starting another takes seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import main


@pytest.fixture(scope="session")
def as_users_do():
    """The environment of a command: the checkout's own modules, wherever it is run, compiled as users compile."""
    return {**os.environ, "PYTHONPATH": str(Path.cwd()), "JAX_DISABLE_MOST_OPTIMIZATIONS": "false"}


@pytest.fixture(scope="session")
def superposed(as_users_do):
    """Runs the command; gives the finished process with its output as text.

    `hasty` compiles without most optimisations: for runs whose bytes are not compared with another's.
    """

    def run(*arguments, cwd=None, hasty=False):
        command = [sys.executable, "-m", "bench", *map(str, arguments)]
        env = {**as_users_do, "JAX_DISABLE_MOST_OPTIMIZATIONS": str(hasty).lower()}
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=300, check=False)

    return run


@pytest.fixture
def refusal(tmp_path, monkeypatch, capfd):
    """Runs the command in this process, in an empty folder unless `cwd` says another one.

    Gives the one line that it says before it exits with 2.
    """

    def run(*arguments, cwd=tmp_path):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["superposed", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capfd.readouterr()
        assert exit_.value.code == 2
        assert out == ""
        assert "Traceback" not in err
        return err.strip().splitlines()[-1]

    return run
