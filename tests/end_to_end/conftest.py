"""The command as a user calls it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def superposed():
    """Runs the command; gives the finished process with its output as text."""

    def run(*arguments, cwd=None):
        command = [sys.executable, "-m", "bench", *map(str, arguments)]
        # The checkout's own modules, wherever the command is run.
        env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=300, check=False)

    return run
