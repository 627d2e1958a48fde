"""The batched engine against one world and one point at a time."""

import jax
import numpy as np
import pytest

from bench.evaluate import evaluate_chunk
from bench.keys import key_data
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.study import Context

STUDY = get_study("donoho-tanner")


@pytest.mark.parametrize("method", ["amp", "basis-pursuit"])
def test_batched_equals_one_by_one(method):
    settings = ["n_latents=40", "undersampling=.5", "sparsity_ratio=.1,.4", "trials=3", "chunk_size=2"]
    spec = load_spec(STUDY, settings=[*settings, f"methods={method}"])
    batched = [row for chunk in plan(STUDY, spec) for row in evaluate_chunk(spec, chunk).rows.to_pylist()]
    assert len(batched) == 3 * 2 * 2
    with jax.enable_x64(True):
        for row in batched:
            world_values = {name: row[name] for name in ("n_latents", "undersampling")}
            point = {**world_values, "code_sign": row["code_sign"], "sparsity_ratio": row["sparsity_ratio"]}
            context = Context(spec.fixed, {**world_values, "code_sign": row["code_sign"]})
            values = {"sparsity_ratio": row["sparsity_ratio"], **STUDY.derive(spec.fixed, point)}
            world_key = jax.random.wrap_key_data(key_data(spec.seed, world_values, row["trial"]))
            key = jax.random.wrap_key_data(key_data(spec.seed, point, row["trial"]))
            world = STUDY.world(world_key, context, {})
            data = STUDY.sample(key, context, world, values)
            alone = STUDY.measure(key, context, world, data, values, method)
            assert int(alone["status"]) == row["status"]
            assert int(alone["n_active"]) == row["n_active"]
            # Batched and single products round differently; solvers stop at 1e-6, errors are of that size or O(1).
            np.testing.assert_allclose(float(alone["relative_error"]), row["relative_error"], rtol=1e-4, atol=1e-7)
