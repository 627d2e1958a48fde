"""What made the numbers: spec, versions, hardware, commit, seed, timings."""

import contextlib
import importlib.metadata
import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.cores import usable_cores
from bench.spec import spec_digest, to_table
from bench.store import Store, write_atomically, writing
from bench.study import Spec

PACKAGES = ("superposed", "jax", "jaxlib", "optax", "numpy", "scipy", "pandas", "pyarrow", "matplotlib")

OPTIONAL_PACKAGES = ("scikit-learn",)
"""Named where they are installed."""

CITATION = (
    "The superposed authors, superposed (software); and D. Klindt, C. O'Neill, P. Reizinger, H. Maurer, N. Miolane, "
    "From superposition to sparse codes: interpretable representations in neural networks, arXiv:2503.01824, 2025."
)


def read_manifest(store: Store) -> dict[str, Any]:
    """The folder's manifest; empty when a kill came before its first writing, or when it is unreadable."""
    try:
        manifest = json.loads(store.manifest_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def known_checksums(manifest: dict[str, Any], spec: Spec) -> dict[str, str]:
    """Checksums of shards, by chunk; empty where the manifest is another spec's, or has none."""
    shards = manifest.get("shards") if manifest.get("spec_sha256") == spec_digest(spec) else None
    if not isinstance(shards, dict):
        return {}
    return {str(name): value for name, value in shards.items() if isinstance(value, str)}


def write_manifest(store: Store, spec: Spec, runs: list[dict[str, Any]], shards: dict[str, str]) -> None:
    """Write the manifest anew; `runs` holds one record for each time the folder was worked on, `shards` the SHA-256 of
    each chunk's shard."""
    manifest = {
        "study": spec.study,
        "seed": spec.seed,
        "spec_sha256": spec_digest(spec),
        "spec": to_table(spec),
        **environment(),
        "runs": runs,
        "shards": dict(sorted(shards.items())),
    }
    with writing(store.manifest_file):
        write_atomically(store.manifest_file, (json.dumps(manifest, indent=2) + "\n").encode())


def environment() -> dict[str, Any]:
    """Versions, hardware and commit of what runs now, and how to cite it."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "hardware": _hardware(),
        "commit": _commit(),
        "citation": CITATION,
    }


def timestamp() -> str:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    for name in OPTIONAL_PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _hardware() -> dict[str, Any]:
    import jax

    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cores": usable_cores(),
        "devices": [device.device_kind for device in jax.devices()],
    }


def _commit() -> str | None:
    """The commit of the source that ran, with a mark where files differ from it; None outside a checkout."""
    source = Path(__file__).resolve().parent.parent
    if not (source / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(source), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
