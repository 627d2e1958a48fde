"""What `bench` sets before JAX starts."""

import os
import subprocess
import sys

MANY_FACTORISATIONS = """
import bench
import jax, jax.numpy as jnp
def many(x):
    return [jnp.linalg.qr(jnp.sin(x + i))[0] for i in range(8)], [jnp.linalg.solve(x, x + i) for i in range(8)]
x = jax.random.normal(jax.random.key(0), (100, 30, 30))
for _ in range(5):
    jax.block_until_ready(jax.jit(jax.vmap(many))(x))
print("done")
"""


def test_many_batched_factorisations_at_once_do_not_wait_for_each_other():
    """Without the setting this stands still for good on two to eight cores."""
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-c", MANY_FACTORISATIONS], env=environment, timeout=120, capture_output=True, text=True
    )
    assert done.stdout == "done\n", done.stderr


def test_a_users_own_setting_stays():
    own = "--xla_cpu_enable_concurrency_optimized_scheduler=true --xla_dump_to="
    code = "import bench, os; print(os.environ['XLA_FLAGS'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "XLA_FLAGS": own}, timeout=60, capture_output=True, text=True
    )
    assert done.stdout.strip() == own
