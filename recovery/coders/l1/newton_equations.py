"""Newton's equations of an interior-point method for A z = y, in whichever of two subspaces is smaller.

With w the dual vector and W >= 0 diagonal, the steps of both are the solution of

    dz = start + W A^T dw,    A (z + dz) = y,

where `start` is how the codes would move if w did not. Without dz this is a system with the matrix A W A^T, n_dims
wide (`RowSpace`); without dw one with B W^-1 B^T, n_latents - n_dims wide (`NullSpace`), where the rows of B are an
orthonormal basis of the codes v with A v = 0.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Bool, Float

# Smaller ridges let the Cholesky factorisation break down before the gap reaches 1e-8 in float64.
_RIDGE = 32
# Each gives back some of what ridge and rounding took; float32 reaches gaps of 1e-4 with 8, and 1e-3 with 2.
_CORRECTIONS = {64: 3, 32: 8}
# Preconditioned, steps have length 1, and more where the ridge counts; rounding makes some far too long.
_LONGEST = 100.0
_MOST_STRIPS, _LEAST_STRIP = 4, 32


class RowSpace(NamedTuple):
    """The equations for the step of the dual, which is held as w."""

    dictionary: Float[Array, "n_dims n_latents"]
    observations: Float[Array, "n_samples n_dims"]

    def no_dual(self) -> Float[Array, "n_samples n_dims"]:
        return jnp.zeros_like(self.observations)

    def image(self, dual: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        """A^T w"""
        return dual @ self.dictionary

    def value(self, dual: Float[Array, "n_samples n_dims"]) -> Float[Array, " n_samples"]:
        """y.w"""
        return jnp.sum(self.observations * dual, axis=1)

    def solver(
        self,
        weights: Float[Array, "n_samples n_latents"],
        codes: Float[Array, "n_samples n_latents"],
        dual: Float[Array, "n_samples n_dims"],
    ) -> Callable[[Array], tuple[Array, Array]]:
        """Factorises, and maps `start` [n_samples n_latents] to A^T dw and the dual's step."""
        factor = _factor(_weighted_gram(self.dictionary, weights))
        missing = self.observations - codes @ self.dictionary.T

        def solve(start: Float[Array, "n_samples n_latents"]) -> tuple[Array, Array]:
            dual_step = _solve(self.dictionary, weights, factor, missing - start @ self.dictionary.T)
            return dual_step @ self.dictionary, dual_step

        return solve


class NullSpace(NamedTuple):
    """The equations for the step of the codes; the dual is held as A^T w, up to rounding."""

    basis: Float[Array, "n_null n_latents"]
    least_norm: Float[Array, "n_samples n_latents"]
    """The codes in the row space of A that explain y."""

    def no_dual(self) -> Float[Array, "n_samples n_latents"]:
        return jnp.zeros_like(self.least_norm)

    def image(self, dual: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_latents"]:
        """What of the dual is in the row space of A."""
        return self._in_row_space(dual)

    def value(self, dual: Float[Array, "n_samples n_latents"]) -> Float[Array, " n_samples"]:
        """y.w"""
        return jnp.sum(self.least_norm * dual, axis=1)

    def solver(
        self,
        weights: Float[Array, "n_samples n_latents"],
        codes: Float[Array, "n_samples n_latents"],
        dual: Float[Array, "n_samples n_latents"],
    ) -> Callable[[Array], tuple[Array, Array]]:
        """As `RowSpace.solver`. The step also takes the dual back to the row space of A."""
        inverse = 1 / weights
        factor = _factor(_weighted_gram(self.basis, inverse))
        missing = self._in_row_space(self.least_norm - codes)

        def solve(start: Float[Array, "n_samples n_latents"]) -> tuple[Array, Array]:
            target = ((start - missing) * inverse - dual) @ self.basis.T
            codes_step = missing + _solve(self.basis, inverse, factor, target) @ self.basis
            image_step = (codes_step - start) * inverse
            return image_step, image_step

        return solve

    def _in_row_space(self, latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_latents"]:
        return latents - (latents @ self.basis.T) @ self.basis


def null_space(
    dictionary: Float[Array, "n_dims n_latents"],
) -> tuple[Float[Array, "n_null n_latents"], Bool[Array, ""]]:
    """Orthonormal codes v with A v = 0, n_latents - n_dims of them, and whether there are no others.

    Where the rows of A are so nearly dependent that solving with A A^T costs half of the digits, the answer is that
    there are.
    """
    n_dims = dictionary.shape[0]
    rotation, triangle = jnp.linalg.qr(dictionary.T, mode="complete")
    diagonal = jnp.abs(jnp.diagonal(triangle))
    complete = jnp.min(diagonal) > jnp.finfo(dictionary.dtype).eps ** 0.25 * jnp.max(diagonal)
    return rotation[:, n_dims:].T, complete


def gram_solver(dictionary: Float[Array, "n_dims n_latents"]) -> Callable[[Array], Array]:
    """Maps each row of targets [n_samples n_dims] to the v with A A^T v = target."""
    factor = _factor(dictionary @ dictionary.T)
    return lambda target: _corrected(
        lambda v: (v @ dictionary) @ dictionary.T, target, lambda rest: cho_solve((factor, True), rest.T).T
    )


def conjugate_gradients(
    apply: Callable[[Array], Array],
    target: Float[Array, "n_samples n"],
    *,
    n_steps: int,
    precondition: Callable[[Array], Array] = lambda rest: rest,
    longest: float = jnp.inf,
) -> Float[Array, "n_samples n"]:
    """A fixed number of steps, each at most `longest`, from 0 towards each sample's solution of apply(v) = target."""

    def step(_: Array, state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        solution, rest, direction, energy = state
        steered = precondition(rest)
        new = jnp.sum(rest * steered, axis=1)
        direction = steered + _ratio(new, energy)[:, None] * direction
        moved = apply(direction)
        length = jnp.minimum(_ratio(new, jnp.sum(direction * moved, axis=1)), longest)[:, None]
        return solution + length * direction, rest - length * moved, direction, new

    zero = jnp.zeros_like(target)
    return jax.lax.fori_loop(0, n_steps, step, (zero, target, zero, zero[:, 0]))[0]


def _solve(
    dictionary: Float[Array, "n_dims n_latents"],
    weights: Float[Array, "n_samples n_latents"],
    factor: Float[Array, "n_samples n_dims n_dims"],
    target: Float[Array, "n_samples n_dims"],
) -> Float[Array, "n_samples n_dims"]:
    """A diag(weights) A^T v = target, given the factor of the ridged matrix."""
    return _corrected(
        lambda v: ((v @ dictionary) * weights) @ dictionary.T,
        target,
        lambda rest: cho_solve((factor, True), rest[..., None])[..., 0],
    )


def _corrected(
    apply: Callable[[Array], Array], target: Float[Array, "n_samples n"], nearly: Callable[[Array], Array]
) -> Float[Array, "n_samples n"]:
    """apply(v) = target by conjugate gradients, preconditioned by `nearly`, the solution with a ridge."""
    n_steps = _CORRECTIONS[jnp.finfo(target.dtype).bits]
    return conjugate_gradients(apply, target, n_steps=n_steps, precondition=nearly, longest=_LONGEST)


def _weighted_gram(
    rows: Float[Array, "n n_latents"], weights: Float[Array, "n_samples n_latents"]
) -> Float[Array, "n_samples n n"]:
    """rows diag(weights) rows^T, complete on and below the diagonal only: the factorisation reads no more."""
    n = rows.shape[0]
    n_strips = max(1, min(_MOST_STRIPS, n // _LEAST_STRIP))
    ends = [n * i // n_strips for i in range(n_strips + 1)]
    strips = [(weights[:, None, :] * rows[a:b]) @ rows[:b].T for a, b in pairwise(ends)]
    return jnp.concatenate([jnp.pad(strip, ((0, 0), (0, 0), (0, n - strip.shape[2]))) for strip in strips], axis=1)


def _factor(matrix: Float[Array, "*batch n_dims n_dims"]) -> Float[Array, "*batch n_dims n_dims"]:
    """Cholesky factor of the matrix with a ridge at rounding level, for a dictionary or weights without full rank."""
    n_dims = matrix.shape[-1]
    diagonal = jnp.diagonal(matrix, axis1=-2, axis2=-1)
    largest = jnp.max(diagonal, axis=-1)
    ridge = jnp.where(largest == 0, 1, _RIDGE * jnp.finfo(matrix.dtype).eps * largest)
    return jnp.linalg.cholesky(
        matrix + ridge[..., None, None] * jnp.eye(n_dims, dtype=matrix.dtype), symmetrize_input=False
    )


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Their quotient; 0 where the denominator is not positive, as it is when conjugate gradients have arrived."""
    return jnp.where(denominator > 0, numerator / jnp.where(denominator > 0, denominator, 1), 0)
