"""The shared loop, on Newton's square root: x <- (x + a / x) / 2."""

import jax
import jax.numpy as jnp
import numpy as np

from recovery.iterate import Verdict, iterate
from recovery.solution import Status


def roots(a, *, tolerance=1e-5, max_iterations=50, check_every=1, stuck=False):
    a = jnp.asarray(a, jnp.float32)

    def judge(x):
        error = jnp.abs(x * x / a - 1)
        return Verdict(error, error <= tolerance, jnp.full(a.shape, stuck))

    return iterate(
        lambda x: 0.5 * (x + a / x),
        judge,
        a + 1,
        n_samples=a.shape[0],
        max_iterations=max_iterations,
        check_every=check_every,
    )


def test_each_sample_counts_its_own_iterations():
    values = [1.0, 100.0, 1e6]
    together, outcome = roots(values)
    np.testing.assert_allclose(together, np.sqrt(values), rtol=1e-5)
    assert list(outcome.status) == [Status.CONVERGED] * 3
    assert outcome.iterations[0] < outcome.iterations[1] < outcome.iterations[2]
    alone = [int(roots([value])[1].iterations[0]) for value in values]
    assert list(outcome.iterations) == alone


def test_a_converged_sample_is_frozen():
    alone, _ = roots([2.0], tolerance=1e-2)
    beside_a_slow_one, _ = roots([2.0, 1e8], tolerance=1e-2)
    assert alone[0] == beside_a_slow_one[0]


def test_a_sample_that_is_not_finite_ends_alone():
    _, outcome = roots([4.0, -4.0, jnp.nan, 9.0], max_iterations=20)
    assert list(outcome.status) == [
        Status.CONVERGED,
        Status.MAX_ITERATIONS,  # the iteration for sqrt(-4) wanders for ever
        Status.NON_FINITE,
        Status.CONVERGED,
    ]
    assert outcome.iterations[1] == 20
    assert outcome.iterations[2] == 1


def test_the_limit_is_rounded_up_to_a_multiple_of_the_checks():
    _, outcome = roots([1e15], max_iterations=11, check_every=5)
    assert outcome.iterations[0] == 15
    assert outcome.status[0] == Status.MAX_ITERATIONS


def test_a_stuck_sample_ends_without_converging():
    _, outcome = roots([1e15], stuck=True)
    assert (outcome.iterations[0], outcome.status[0]) == (1, Status.MAX_ITERATIONS)


def test_vmap_and_map_equal_a_loop():
    problems = jnp.array([[1.0, 100.0], [1e6, 3.0], [2.0, 1e10]])
    one_by_one = [roots(problem) for problem in problems]
    for batched in (jax.vmap(roots)(problems), jax.lax.map(roots, problems)):
        for i, (x, outcome) in enumerate(one_by_one):
            np.testing.assert_array_equal(batched[0][i], x)
            np.testing.assert_array_equal(batched[1].iterations[i], outcome.iterations)
            np.testing.assert_array_equal(batched[1].status[i], outcome.status)
