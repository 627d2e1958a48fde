"""Certificates against scikit-learn's lasso, linear programming, and a float64 restatement of each definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.linear_model import Lasso

from analysis.certificates import basis_pursuit, lasso

M, N, P = 20, 40, 5
SIGNS = [False, True]


def from_numpy(certificate):
    """The certificate as a function of NumPy arrays."""

    def numpy_certificate(*arrays, **options):
        moved = {name: jnp.asarray(v) if isinstance(v, np.ndarray) else v for name, v in options.items()}
        return np.asarray(certificate(*map(jnp.asarray, arrays), **moved))

    return numpy_certificate


lasso_gap, lasso_kkt = from_numpy(lasso.duality_gap), from_numpy(lasso.kkt_residual)
pursuit_gap, infeasibility = from_numpy(basis_pursuit.duality_gap), from_numpy(basis_pursuit.primal_infeasibility)


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    dictionary = rng.standard_normal((M, N)) / np.sqrt(M)
    codes = (rng.random((P, N)) < 0.1) * np.abs(rng.standard_normal((P, N)))
    return dictionary, codes @ dictionary.T + 0.05 * rng.standard_normal((P, M))


def solve_lasso(dictionary, observations, penalty, nonnegative):
    # scikit-learn minimises 1 / (2 M) ||y - A z||^2 + alpha ||z||_1.
    model = Lasso(alpha=penalty / M, fit_intercept=False, positive=nonnegative, tol=1e-14, max_iter=100_000)
    return np.stack([model.fit(dictionary, y).coef_ for y in observations])


def solve_basis_pursuit(dictionary, observations, nonnegative):
    """Codes and dual vectors by linear programming, signed codes split in two non-negative halves."""
    columns = dictionary if nonnegative else np.hstack([dictionary, -dictionary])
    results = [linprog(np.ones(columns.shape[1]), A_eq=columns, b_eq=y, method="highs") for y in observations]
    halves = np.stack([result.x for result in results])
    codes = halves if nonnegative else halves[:, :N] - halves[:, N:]
    return codes, np.stack([result.eqlin.marginals for result in results])


def objective(dictionary, observations, codes, penalty):
    return 0.5 * np.sum((observations - codes @ dictionary.T) ** 2, axis=1) + penalty * np.abs(codes).sum(axis=1)


@pytest.mark.parametrize("nonnegative", SIGNS)
class TestLasso:
    def test_zero_at_the_solution(self, problem, nonnegative):
        codes = solve_lasso(*problem, 0.1, nonnegative)
        # scikit-learn stops at a relative duality gap of 1e-14; the KKT residual is of the order of its square root.
        assert np.all(lasso_gap(*problem, codes, penalty=0.1, nonnegative=nonnegative) < 1e-13)
        assert np.all(lasso_kkt(*problem, codes, penalty=0.1, nonnegative=nonnegative) < 1e-7)

    @pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0])
    def test_gap_bounds_the_excess_of_any_codes(self, problem, nonnegative, size):
        dictionary, observations = problem
        best = solve_lasso(*problem, 0.1, nonnegative)
        codes = best + size * np.random.default_rng(0).standard_normal(best.shape)
        codes = np.maximum(codes, 0) if nonnegative else codes
        excess = objective(dictionary, observations, codes, 0.1) - objective(dictionary, observations, best, 0.1)
        energy = 0.5 * np.sum(observations**2, axis=1)
        gap = lasso_gap(*problem, codes, penalty=0.1, nonnegative=nonnegative)
        assert np.all(gap >= excess / energy - 1e-13)
        assert np.all(lasso_kkt(*problem, codes, penalty=0.1, nonnegative=nonnegative) > 0.01 * size)

    def test_zero_codes_are_optimal_exactly_from_the_largest_penalty_on(self, problem, nonnegative):
        dictionary, observations = problem
        correlation = observations @ dictionary
        largest = np.max(correlation if nonnegative else np.abs(correlation), axis=1)
        zero = np.zeros((P, N))
        for factor, optimal in ((1.001, True), (0.999, False)):
            gap = lasso_gap(*problem, zero, penalty=factor * largest, nonnegative=nonnegative)
            kkt = lasso_kkt(*problem, zero, penalty=factor * largest, nonnegative=nonnegative)
            assert np.all((gap < 1e-14) == optimal)
            assert np.all((kkt == 0) == optimal)

    def test_edge_cases(self, problem, nonnegative):
        dictionary, observations = problem
        dictionary = dictionary.copy()
        dictionary[:, 3] = 0
        observations = observations.copy()
        observations[0] = 0
        codes = solve_lasso(dictionary, observations, 0.1, nonnegative)
        codes[1, 5] = np.nan
        for certificate in (lasso_gap, lasso_kkt):
            value = certificate(dictionary, observations, codes, penalty=0.1, nonnegative=nonnegative)
            assert value[0] == 0
            assert np.isnan(value[1])
            assert np.all(value[2:] < 1e-7)

    def test_float32_resolves_small_gaps(self, problem, nonnegative):
        dictionary, observations = problem
        codes = solve_lasso(*problem, 0.1, nonnegative)
        arrays = (jnp.asarray(a, jnp.float32) for a in (dictionary, observations, codes))
        gap = lasso.duality_gap(*arrays, penalty=0.1, nonnegative=nonnegative)
        assert gap.dtype == jnp.float32
        # Rounding of the residual's correlations, 1e-7 of ||y||, times ||z||_1; no difference of energies.
        assert np.all(gap < 3e-6)


def test_negative_codes_fail_where_they_must_not_be(problem):
    codes = solve_lasso(*problem, 0.1, nonnegative=False)
    assert np.any(codes < 0)
    gap = lasso_gap(*problem, codes, penalty=0.1, nonnegative=True)
    np.testing.assert_array_equal(np.isinf(gap), np.any(codes < 0, axis=1))


@pytest.mark.parametrize("nonnegative", SIGNS)
class TestBasisPursuit:
    @pytest.fixture
    def noiseless(self):
        rng = np.random.default_rng(6)
        dictionary = rng.standard_normal((M, N)) / np.sqrt(M)
        # Denser than can be recovered: the certificate is about the optimum, not about the truth.
        codes = (rng.random((P, N)) < 0.4) * np.abs(rng.standard_normal((P, N)))
        return dictionary, codes @ dictionary.T

    def test_zero_at_the_solution(self, noiseless, nonnegative):
        codes, dual = solve_basis_pursuit(*noiseless, nonnegative)
        # HiGHS works to feasibilities of 1e-7 and ends on a vertex, far closer than that.
        assert np.all(pursuit_gap(*noiseless, codes, dual, nonnegative=nonnegative) < 1e-10)
        assert np.all(infeasibility(*noiseless, codes) < 1e-10)

    def test_gap_bounds_the_excess_for_any_dual(self, noiseless, nonnegative):
        dictionary, observations = noiseless
        best, dual = solve_basis_pursuit(*noiseless, nonnegative)
        rng = np.random.default_rng(0)
        # Other feasible codes: towards the least-squares ones, or a mixture with another vertex.
        other = np.stack(
            [
                linprog(rng.random(N) + 0.5, A_eq=dictionary, b_eq=y, method="highs").x
                if nonnegative
                else np.linalg.pinv(dictionary) @ y
                for y in observations
            ]
        )
        excess = np.abs(other).sum(axis=1) / np.abs(best).sum(axis=1) - 1
        for vector in (dual, 3 * dual, dual + 0.1 * rng.standard_normal(dual.shape), 0 * dual):
            gap = pursuit_gap(*noiseless, other, vector, nonnegative=nonnegative)
            # Relative to the larger objective, that of `other`.
            assert np.all(gap >= excess / (1 + excess) - 1e-9)

    def test_edge_cases(self, noiseless, nonnegative):
        dictionary, observations = noiseless
        zero = pursuit_gap(dictionary, 0 * observations, np.zeros((P, N)), np.zeros((P, M)), nonnegative=nonnegative)
        np.testing.assert_array_equal(zero, 0)
        np.testing.assert_array_equal(infeasibility(dictionary, 0 * observations, np.ones((P, N))), np.inf)
        codes, dual = solve_basis_pursuit(*noiseless, nonnegative)
        codes[2] = np.nan
        gap = pursuit_gap(*noiseless, codes, dual, nonnegative=nonnegative)
        assert np.isnan(gap[2])
        assert np.all(np.delete(gap, 2) < 1e-10)

    def test_inside_jit_and_vmap(self, noiseless, nonnegative):
        codes, dual = solve_basis_pursuit(*noiseless, nonnegative)
        dictionary, observations = noiseless

        @jax.jit
        @jax.vmap
        def one(y, z, w):
            return basis_pursuit.duality_gap(
                jnp.asarray(dictionary), y[None], z[None], w[None], nonnegative=nonnegative
            )[0]

        together = pursuit_gap(*noiseless, codes, dual, nonnegative=nonnegative)
        np.testing.assert_allclose(one(observations, codes, dual), together, atol=1e-14)


def test_negative_share_is_reported_where_codes_must_not_be_negative():
    # z = (3, -1) solves A z = y for A = I, and w = (1, -1) proves it for signed codes.
    arrays = jnp.eye(2), jnp.array([[3.0, -1.0]]), jnp.array([[3.0, -1.0]]), jnp.array([[1.0, -1.0]])
    assert basis_pursuit.duality_gap(*arrays, nonnegative=False)[0] == 0
    assert basis_pursuit.duality_gap(*arrays, nonnegative=True)[0] >= 0.25


def test_sign_may_be_traced():
    arrays = jnp.eye(2), jnp.array([[3.0, -1.0]]), jnp.array([[3.0, -1.0]]), jnp.array([[1.0, -1.0]])
    gaps = jax.vmap(lambda flag: basis_pursuit.duality_gap(*arrays, nonnegative=flag))(jnp.array([False, True]))
    expected = [basis_pursuit.duality_gap(*arrays, nonnegative=flag) for flag in (False, True)]
    np.testing.assert_array_equal(gaps, jnp.stack(expected))
