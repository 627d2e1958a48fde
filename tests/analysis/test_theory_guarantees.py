"""Conditions on one dictionary and information bounds: brute force, closed forms, exhaustive l1 recovery."""

import itertools
import math

import numpy as np
import pytest
from scipy import optimize

from analysis import theory


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def unit(atoms):
    return atoms / np.linalg.norm(atoms, axis=0)


def equiangular_three():
    """Three unit vectors of the plane, 120 degrees apart."""
    angles = 2 * np.pi * np.arange(3) / 3
    return np.stack([np.cos(angles), np.sin(angles)])


def simplex(n):
    """n unit vectors in n - 1 dimensions (written in n), every two with cosine -1 / (n - 1)."""
    return unit(np.eye(n) - 1 / n)


def l1_recovers(atoms, code):
    """Whether basis pursuit has this code as its only solution's value (to the solver's accuracy)."""
    n = atoms.shape[1]
    found = optimize.linprog(np.ones(2 * n), A_eq=np.hstack([atoms, -atoms]), b_eq=atoms @ code, method="highs")
    return np.allclose(found.x[:n] - found.x[n:], code, atol=1e-6)


class TestBabel:
    def test_against_all_subsets(self, rng):
        atoms = rng.standard_normal((4, 6))
        cosine = np.abs(unit(atoms).T @ unit(atoms))
        for k in range(6):
            expected = max(
                cosine[i, list(others)].sum()
                for i in range(6)
                for others in itertools.combinations([j for j in range(6) if j != i], k)
            )
            assert theory.babel(atoms)[k] == pytest.approx(expected)

    def test_equiangular_frames(self):
        np.testing.assert_allclose(theory.babel(simplex(7)), np.arange(7) / 6, atol=1e-12)
        # (2 K - 1) / 6 < 1: K = 3, as the coherence alone gives.
        assert theory.babel_limit(simplex(7)) == theory.tropp_limit(1 / 6) == 3
        assert theory.babel_limit(np.eye(5)) == 4

    def test_never_less_than_coherence_gives(self, rng):
        for _ in range(20):
            atoms = rng.standard_normal((30, 40))
            assert theory.babel_limit(atoms) >= theory.tropp_limit(theory.babel(atoms)[1])


class TestExactRecovery:
    def test_against_least_squares_column_by_column(self, rng):
        atoms, support = rng.standard_normal((6, 9)), np.array([4, 1, 7])
        inside = unit(atoms)[:, support]
        others = [j for j in range(9) if j not in support]
        sums = [np.abs(np.linalg.lstsq(inside, unit(atoms)[:, j], rcond=None)[0]).sum() for j in others]
        assert theory.exact_recovery_coefficient(atoms, support) == pytest.approx(max(sums))
        signs = np.array([1.0, -1.0, 1.0])
        raw = atoms[:, support]
        values = atoms[:, others].T @ raw @ np.linalg.inv(raw.T @ raw) @ signs
        assert theory.irrepresentability(atoms, support, signs) == pytest.approx(np.abs(values).max())
        assert theory.irrepresentability(atoms, support, signs, nonnegative=True) == pytest.approx(values.max())

    def test_erc_is_the_worst_sign_pattern(self, rng):
        atoms, support = rng.standard_normal((6, 9)), np.array([0, 3, 5])
        patterns = [np.array(p) for p in itertools.product((-1.0, 1.0), repeat=3)]
        worst = max(theory.fuchs_coefficient(atoms, support, signs) for signs in patterns)
        assert theory.exact_recovery_coefficient(atoms, support) == pytest.approx(worst)

    def test_simplex_in_closed_form(self):
        # Gram of S: (1 + g) I - g 11^T with g = 1/(n - 1); each coefficient is -g / (1 + g - K g), K of them.
        n, k = 8, 3
        g = 1 / (n - 1)
        found = theory.exact_recovery_coefficient(simplex(n), np.arange(k))
        assert found == pytest.approx(k * g / (1 + g - k * g))

    def test_below_one_l1_recovers_every_sign_pattern(self, rng):
        atoms = unit(rng.standard_normal((8, 12)))
        certain = [
            s for s in itertools.combinations(range(12), 2) if theory.exact_recovery_coefficient(atoms, np.array(s)) < 1
        ]
        assert len(certain) > 10
        for support in certain[:10]:
            for signs in ((1, 1), (1, -1)):
                code = np.zeros(12)
                code[list(support)] = np.array(signs) * rng.uniform(0.1, 10, 2)
                assert l1_recovers(atoms, code)

    def test_edges(self):
        doubled = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
        assert theory.exact_recovery_coefficient(doubled, np.array([0, 1])) == np.inf
        assert theory.irrepresentability(doubled, np.array([0, 1]), np.ones(2)) == np.inf
        assert theory.exact_recovery_coefficient(np.eye(2), np.array([0, 1])) == 0
        for support in ([0, 0], [3], [-1]):
            with pytest.raises(ValueError, match="support must hold different columns of 3"):
                theory.exact_recovery_coefficient(doubled, np.array(support))
        with pytest.raises(ValueError, match="signs need one value per column"):
            theory.irrepresentability(np.eye(3), np.array([0]), np.ones(2))


class TestNullSpaceConstant:
    def test_three_vectors_of_the_plane_in_closed_form(self):
        # The null space is spanned by (1, 1, 1): one entry against two others.
        atoms = equiangular_three()
        assert theory.null_space_constant(atoms, 1) == pytest.approx(0.5)
        assert theory.null_space_constant(atoms, 2) == pytest.approx(2)
        assert theory.null_space_constant(atoms, 3) == np.inf
        assert theory.null_space_constant(simplex(6), 2) == pytest.approx(2 / 4)

    @pytest.mark.parametrize("seed", range(3))
    def test_below_one_exactly_where_every_support_and_sign_is_recovered(self, seed):
        atoms = unit(np.random.default_rng(seed).standard_normal((5, 8)))
        for k in (1, 2):
            recovered = []
            for support in itertools.combinations(range(8), k):
                for signs in itertools.product((1.0, -1.0), repeat=k):
                    # Recovery depends on support and signs alone, not on the amplitudes.
                    code = np.zeros(8)
                    code[list(support)] = signs
                    recovered.append(l1_recovers(atoms, code))
            assert (theory.null_space_constant(atoms, k) < 1) == all(recovered)

    def test_edges(self):
        assert theory.null_space_constant(np.eye(3), 2) == 0
        assert theory.null_space_constant(equiangular_three(), 0) == 0
        assert theory.null_space_constant(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), 2) == np.inf
        with pytest.raises(ValueError, match="more than 20000"):
            theory.null_space_constant(np.ones((5, 40)), 6)
        with pytest.raises(ValueError, match="n_active must be from 0 to the 3 columns, not 4"):
            theory.null_space_constant(np.eye(3), 4)


class TestRestrictedIsometry:
    def test_against_singular_values_of_every_support(self, rng):
        atoms = rng.standard_normal((6, 8)) / np.sqrt(6)
        for k in (1, 3):
            squares = [np.linalg.svd(atoms[:, s], compute_uv=False) ** 2 for s in itertools.combinations(range(8), k)]
            found = theory.restricted_isometry(atoms, k)
            assert found.low == found.high == pytest.approx(np.max(np.abs(np.array(squares) - 1)))

    def test_bounds_hold_the_exact_value(self, rng):
        atoms = rng.standard_normal((10, 12)) / np.sqrt(10)
        exact = theory.restricted_isometry(atoms, 4).low
        some = theory.restricted_isometry(atoms, 4, n_supports=50)
        assert some.low <= exact <= some.high
        assert some.low > 0.5 * exact

    def test_simplex_in_closed_form_and_its_guarantee(self):
        # K columns with all cosines -g: eigenvalues 1 + g, and 1 + g - K g.
        n, g = 9, 1 / 8
        assert theory.restricted_isometry(simplex(n), 3).low == pytest.approx(2 * g)
        assert theory.restricted_isometry(simplex(n), 6).low == pytest.approx(5 * g)
        # (2K - 1) / 8 < .7071: K = 3. The null space is 1: K < n / 2 are recovered, one more.
        assert theory.isometry_limit(simplex(n)) == 3
        assert theory.null_space_constant(simplex(n), 4) == pytest.approx(4 / 5)
        with pytest.raises(ValueError, match="n_active must be from 1 to the 9 columns, not 0"):
            theory.restricted_isometry(simplex(n), 0)


class TestSupportInformation:
    def test_fano_as_it_stands(self):
        m, n, k, z, sigma = 10, 40, 2, 0.5, 0.3
        bounds = []
        for j in (1, 2):
            q = n - k + j
            told = m / 2 * np.log(1 + z**2 / (m * sigma**2) * j * (1 - j / q)) + np.log(2)
            bounds.append(1 - told / np.log(math.comb(q, j)))
        assert theory.support_error_floor(m, n, k, z, sigma) == pytest.approx(max(0, *bounds))
        np.testing.assert_array_equal(theory.support_error_floor(m, n, [0, k], z, [sigma, 0]), [0, 0])

    def test_the_best_possible_decoder_errs_at_least_so_often(self, rng):
        # Known amplitudes, 2 of 8 latents, least squares over all 28 supports: the optimal rule under a uniform prior.
        m, n, z, sigma, trials = 4, 8, 1.0, 1.5, 2000
        supports = np.array(list(itertools.combinations(range(n), 2)))
        codes = np.zeros((len(supports), n))
        codes[np.arange(len(supports))[:, None], supports] = z
        wrong = 0
        for _ in range(trials):
            atoms = rng.standard_normal((m, n)) / np.sqrt(m)
            true = rng.integers(len(supports))
            y = atoms @ codes[true] + sigma * rng.standard_normal(m)
            wrong += int(np.argmin(np.sum((y - codes @ atoms.T) ** 2, axis=1)) != true)
        floor = theory.support_error_floor(m, n, 2, z, sigma)
        assert 0.3 < floor < wrong / trials + 3 * np.sqrt(0.25 / trials)

    def test_necessary_dims_is_the_first_that_suffices(self):
        dims = theory.necessary_dims(100, 3, 2.0, 0.3, error=0.25)
        assert theory.support_error_floor(dims, 100, 3, 2.0, 0.3) <= 0.25
        assert theory.support_error_floor(dims - 1, 100, 3, 2.0, 0.3) > 0.25
        # More active latents or noise need more; too little energy is never enough.
        assert theory.necessary_dims(100, 6, 2.0, 0.3, error=0.25) > dims
        assert theory.necessary_dims(10_000, 2, 1.0, 1.0, error=0.1) == np.inf
        with pytest.raises(ValueError, match="error must be inside"):
            theory.necessary_dims(10, 2, 1.0, 1.0, error=1.0)

    def test_lasso_threshold(self):
        np.testing.assert_allclose(theory.lasso_support_dims([100, 100], [4, 0]), [8 * np.log(96) + 5, 0])


class TestDictionarySamples:
    def test_orders(self):
        # To leading order the typical number is the counting bound, which it exceeds by N / (M - K).
        n, m, k = 1000, 93, 10
        assert theory.typical_samples(n, m, k) == pytest.approx(float(theory.minimum_samples(n, m, k)), rel=0.02)
        assert theory.typical_samples(10, 5, 5) == np.inf
        assert theory.uniqueness_samples(10, 2) == pytest.approx(3 * math.comb(10, 2))
        assert theory.complete_samples(50, constant=2) == pytest.approx(100 * np.log(50))
