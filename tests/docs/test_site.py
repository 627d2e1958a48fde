"""The site builds without a warning, none of its pages needs the network, and what programs make is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_site(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    site = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")
    }
    loads = re.compile(r'<(?:script|img|iframe|source)\b[^>]*?src="?(?:https?:)?//|rel="?stylesheet"? href="?https?:')
    assert [name for name, page in site.items() if loads.search(page)] == []
    reference = site["reference/coders.html"] + site["reference/learners.html"] + site["reference/toymodels.html"]
    for name in ("Fista", "AlternatingMod", "TopKSae", "gaussian_dictionary"):
        assert f".{name}" in reference
    assert "superposed decompose" in site["reference/command.html"]
    assert "<math" in site["theory.html"]
    assert "Donoho" in site["references.html"]
    assert (tmp_path / "gallery" / "polytopes.svg").stat().st_size > 1000
