"""Theory of the toy model's phase diagrams against sampling and brute force, and the classification of polytopes."""

import jax.numpy as jnp
import numpy as np
import pytest

from analysis.figures import png_bytes, polytope_plot
from analysis.metrics import Polytope, classify_polytope
from analysis.theory.toy_model_phases import antipodal_loss, least_antipodal_loss, toy_model_phases


def sample(rng, density, shape):
    return np.where(rng.random(shape) < density, rng.random(shape), 0.0)


def errors(scalars, density, importance, rng, n=200_000):
    """The losses of many samples, as the network computes them."""
    u, v, first_bias, second_bias = scalars
    weights, bias = np.array([[u, -v]]), np.array([first_bias, second_bias])
    z = sample(rng, density, (n, 2))
    output = np.maximum(z @ weights.T @ weights + bias, 0)
    return ((z - output) ** 2) @ np.array([1.0, importance])


@pytest.mark.parametrize(
    ("scalars", "density", "importance"),
    [((1.0, 1.0, 0.0, 0.0), 0.1, 1.0), ((0.8, 1.1, 0.1, -0.05), 0.5, 0.3), ((0.9, 0.4, -0.2, 0.2), 1.0, 4.0)],
)
def test_antipodal_loss_is_the_mean_over_samples(scalars, density, importance):
    losses = errors(scalars, density, importance, np.random.default_rng(1))
    exact, gradient = antipodal_loss(scalars, density, importance)
    assert abs(losses.mean() - exact) < 4.5 * losses.std() / np.sqrt(losses.size)
    for place in range(4):
        step = np.eye(4)[place] * 1e-5
        moved = [antipodal_loss(np.array(scalars) + sign * step, density, importance)[0] for sign in (1, -1)]
        # Quadrature sees the kink move across its nodes: an error of the order of a weight times the error there.
        assert gradient[place] == pytest.approx((moved[0] - moved[1]) / 2e-5, abs=2e-3)


def test_two_sparse_features_of_equal_importance():
    """To first order in p both are exact at u = v = 1, b = 0; what is left is p^2 times the cost of a collision.

    With both active relu(z1 - z2) answers for z1: the error is min(z1, z2), whose square has mean 1/6; twice that.
    """
    density = 1e-3
    loss, at = least_antipodal_loss(density, 1.0)
    assert loss == pytest.approx(density**2 / 3, rel=0.01)
    np.testing.assert_allclose(at, [1, 1, 0, 0], atol=0.01)


@pytest.mark.parametrize(("density", "importance"), [(0.9, 0.4), (0.3, 1.0), (0.05, 3.0)])
def test_the_least_loss_is_not_beaten_by_random_search(density, importance):
    rng = np.random.default_rng(0)
    least, at = least_antipodal_loss(density, importance)
    tried = rng.uniform([0.25, 0.25, -0.4, -0.4], [1.4, 1.4, 0.4, 0.4], size=(1500, 4))
    near = np.array(at) + rng.normal(size=(500, 4)) * 0.03
    near[:, :2] = np.maximum(near[:, :2], 0.25)
    assert min(antipodal_loss(x, density, importance)[0] for x in (*tried, *near)) >= least - 1e-7


def test_phases_at_the_corners():
    """Dense: what matters more takes the dimension. Sparse: both share it. The variance is that of the samples."""
    z = sample(np.random.default_rng(2), 0.4, 400_000)
    losses = toy_model_phases(0.4, 0.1, n_latents=2)
    # The standard error of a variance is at most that of a mean of squares.
    assert losses.not_represented == pytest.approx(0.1 * z.var(), abs=0.1 * 4.5 * (z**2).std() / np.sqrt(z.size))
    assert losses.dedicated == pytest.approx(10 * losses.not_represented)
    corners = {(1.0, 0.1): "not represented", (1.0, 10.0): "dedicated dimension", (0.01, 1.1): "in superposition"}
    for (density, importance), phase in corners.items():
        assert toy_model_phases(density, importance, n_latents=2).phase == phase
    # Among three the most important one keeps a dimension, and the least important one shares.
    assert toy_model_phases(0.05, 5.0, n_latents=3).phase == "dedicated dimension"
    assert toy_model_phases(0.05, 0.2, n_latents=3).phase == "in superposition"
    with pytest.raises(ValueError, match="n_latents must be at least 2, got 1"):
        toy_model_phases(0.1, 1.0, n_latents=1)


def arrows(*angles, norm=1.0, n_latents=5):
    columns = [norm * np.array([np.cos(np.radians(a)), np.sin(np.radians(a))]) for a in angles]
    columns += [np.array([0.1, 0.05])] * (n_latents - len(columns))
    return jnp.asarray(np.stack(columns, axis=1))


@pytest.mark.parametrize(
    ("angles", "kind"),
    [
        ((10, 100), Polytope.ORTHOGONAL_PAIR),
        ((170, -100), Polytope.ORTHOGONAL_PAIR),
        ((0, 180), Polytope.OTHER),
        ((0, 60), Polytope.OTHER),
        ((0, 90, 180), Polytope.ANTIPODAL_PAIRS),
        ((5, 185, 92, -80), Polytope.ANTIPODAL_PAIRS),
        ((0, 120, 240), Polytope.OTHER),
        ((0, 0, 90, 180), Polytope.OTHER),
        ((3, 72, 144, 216, 288), Polytope.PENTAGON),
        ((0, 144, 288, 72, 216), Polytope.PENTAGON),
        ((0, 72, 144, 216, 216), Polytope.OTHER),
        ((0,), Polytope.OTHER),
        ((), Polytope.OTHER),
    ],
)
def test_polytopes(angles, kind):
    assert int(classify_polytope(arrows(*angles))) == kind
    turned = arrows(*(angle + 33 for angle in angles))
    assert int(classify_polytope(turned)) == kind


def test_polytope_picture_says_where_each_feature_points():
    words = {"name": "p", "title": "t", "caption": "c", "alt": "a"}
    panels = [polytope_plot({"dense": np.eye(2), "sparse": np.array([[0.0, 1], [-2, 0]])}, **words) for _ in range(2)]
    assert panels[0].tips["p1-0"] == "latent 0: norm 2.00, angle -90 degrees"
    assert len(panels[0].tips) == 4
    first, second = (png_bytes(panel.figure, dots_per_inch=50) for panel in panels)
    assert first == second
    with pytest.raises(ValueError, match="two rows are needed"):
        polytope_plot({"x": np.eye(3)}, **words)
    with pytest.raises(ValueError, match="at least one dictionary"):
        polytope_plot({}, **words)
