"""Thousands of malformed specs, arrays and shards: each is taken, or refused in a line; nothing else is raised."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bench.activations import load_activations
from bench.diagnosis.command import redraw as redraw_diagnosis
from bench.draw import read_results
from bench.errors import UserError
from bench.executors.on_slurm import read_jobs
from bench.points import plan
from bench.run import run_study
from bench.spec import load_spec, read_table, validate
from bench.store import Store, shard_fault
from bench.studies import MODULES, get_study
from bench.study import Spec
from bench.verify import verify

MANY = settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STUDY = get_study("donoho-tanner")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["signed", "amp", "quick", "float32", "../x", "a.py:B", ""]),
)
values = st.recursive(
    scalars, lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=6), one, max_size=3), max_leaves=8
)


def named(study):
    """Names that a spec of the study has, and others."""
    preset = load_spec(study)
    own = [*study.axes, *preset.fixed.__struct_fields__, *Spec.__struct_fields__]
    return st.one_of(st.sampled_from(own), st.text(max_size=6))


def refused_in_one_line(call):
    """What the call gives, or None where it is refused; anything else it raises is a failure."""
    try:
        return call()
    except UserError as error:
        line = str(error)
    assert line.strip()
    assert "\n" not in line
    return None


@pytest.mark.parametrize("name", sorted(MODULES))
def test_settings(name):
    study = get_study(name)

    @settings(MANY, max_examples=100)
    @given(st.lists(st.tuples(named(study), st.one_of(scalars.map(str), st.text(max_size=8))), min_size=1, max_size=3))
    def check(pairs):
        spec = refused_in_one_line(lambda: load_spec(study, settings=[f"{key}={value}" for key, value in pairs]))
        assert spec is None or validate(study, json.loads(json.dumps(_table(spec)))) == spec

    check()


def _table(spec):
    from bench.spec import to_table

    return to_table(spec)


@MANY
@given(st.dictionaries(named(STUDY), values, max_size=4))
@example({"grid": {"undersampling": [[0.5]]}})
@example({"plugins": {"x": {"source": "a.py:B"}}})
def test_tables(table):
    refused_in_one_line(lambda: load_spec(STUDY, table=table, where="spec.toml"))


@MANY
@given(st.binary(max_size=60))
@example(b"\xff\xfe")
@example(b"study = 'donoho-tanner'\n[grid]\nundersampling = [nan]")
def test_files_of_specs_and_of_jobs(tmp_path, data):
    path = tmp_path / "some.toml"
    path.write_bytes(data)
    table = refused_in_one_line(lambda: read_table(path))
    if table is not None:
        refused_in_one_line(lambda: load_spec(STUDY, table=table, where=str(path)))
    refused_in_one_line(lambda: read_jobs(path))


@MANY
@given(st.sampled_from([".npy", ".npz", ".safetensors", ".parquet", ".csv"]), st.binary(max_size=300))
def test_files_of_activations(tmp_path, suffix, data):
    path = tmp_path / f"some{suffix}"
    path.write_bytes(data)
    refused_in_one_line(lambda: load_activations(path))


shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)


@MANY
@given(shapes, st.sampled_from("?bBhHiIlLqQefdgFDGSUmMO"), st.integers(0, 2**32 - 1), st.booleans())
def test_arrays(tmp_path, shape, kind, seed, clean):
    numbers = np.random.default_rng(seed).integers(0, 3, shape)
    path = tmp_path / "some.npy"
    try:
        np.save(path, numbers.astype(kind) if kind not in "mM" else numbers.astype("m8[s]" if kind == "m" else "M8[s]"))
    except (TypeError, ValueError):
        return
    found = refused_in_one_line(lambda: load_activations(path, clean=clean))
    assert found is None or np.isfinite(found.take(slice(None))).all()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "out"
    sizes = ["n_latents=20", "undersampling=.5", "sparsity_ratio=.2,.4", "trials=2", "chunk_size=1", "methods=amp"]
    spec = load_spec(STUDY, settings=sizes)
    run_study(STUDY, spec, folder)
    return folder, spec


@MANY
@given(st.data())
def test_shards(finished, tmp_path, data):
    """Bytes changed, cut off, put in: the manifest's checksum finds all; without it there is a line at the most."""
    folder, spec = finished
    chunk = next(iter(plan(STUDY, spec)))
    whole = Store(folder).shard(chunk).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "insert", "zero", "other"]))
    damaged = {
        "flip": whole[:place] + bytes([whole[place] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[place + 1 :],
        "cut": whole[:place],
        "insert": whole[:place] + data.draw(st.binary(min_size=1, max_size=9)) + whole[place:],
        "zero": whole[:place] + bytes(len(whole) - place),
        "other": data.draw(st.binary(max_size=200)),
    }[change]
    there = tmp_path / "out"
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(folder, there)
    Store(there).shard(chunk).write_bytes(damaged)
    found = verify(there)
    assert (found.n_whole == 2) == (damaged == whole)
    (there / "manifest.json").unlink()
    shard_fault(Store(there), spec, STUDY, chunk)
    refused_in_one_line(lambda: read_results(there))


@MANY
@given(st.one_of(st.binary(max_size=80), values.map(lambda value: json.dumps(value).encode())))
def test_manifests_and_records(finished, tmp_path, data):
    folder, _ = finished
    there = tmp_path / "out"
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(folder, there)
    (there / "manifest.json").write_bytes(data)
    assert verify(there).n_whole == 2
    (tmp_path / "diagnosis.json").write_bytes(data)
    assert refused_in_one_line(lambda: redraw_diagnosis(tmp_path)) is None
