"""The numbers of this room load neither the drawing nor the table libraries."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("analysis", "numpy jax matplotlib pandas"),
        ("analysis.theory", "jax matplotlib pandas"),
        ("analysis.statistics", "jax matplotlib pandas"),
        ("analysis.metrics, analysis.certificates", "matplotlib pandas"),
    ],
)
def test_imports_stay_light(module, unwanted):
    program = f"import sys, {module}; print(*[name for name in '{unwanted}'.split() if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
