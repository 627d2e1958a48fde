"""Dictionary learning by bilinear approximate message passing."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, NamedTuple, Self, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from recovery.coders.l1.sparsa import Sparsa
from recovery.coders.message_passing.priors import Posterior, bernoulli_gaussian, bernoulli_uniform
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.classical.alternating_mod import AlternatingMod
from recovery.learners.replacement import unused_or_duplicate
from recovery.learners.start import (
    Run,
    atoms_from_samples,
    best_of,
    fit_status,
    random_instead_of_none,
    unit_columns,
    unit_scale,
)

Magnitude = Literal["uniform", "normal"]
_LEAST_NOISE = 1e-7
_SETTLED = 1e-5
"""Mean squared distance that atoms of unit norm moved over `replace_every` rounds."""


class _Codes(NamedTuple):
    """Posterior mean and variance of the codes of each batch, the residual that messages are made of, in units of its
    own variance, and what of it each sample's last codes explain by themselves (the Onsager term)."""

    mean: Float[Array, "n_batches batch n_atoms"]
    variance: Float[Array, "n_batches batch n_atoms"]
    score: Float[Array, "n_batches batch n_dims"]
    onsager: Float[Array, "n_batches batch"]


class _State(NamedTuple):
    """What a round starts from, and the atoms of the round with the least error so far. Atoms are posterior means on
    the sphere: one of length l has the variance (1 - l^2) / M per coordinate."""

    codes: _Codes
    atoms: Float[Array, "n_dims n_atoms"]
    best: Float[Array, "n_dims n_atoms"]
    least: Float[Array, ""]


class _Stage(NamedTuple):
    """What the rounds between two replacements start from: how many such stages there were, their errors (the last one
    also for all that are to come), and whether atoms have settled."""

    number: Int[Array, ""]
    state: _State
    history: Float[Array, "n_stages replace_every"]
    settled: Bool[Array, ""]


class _Sums(NamedTuple):
    """Over samples: squared codes less their variances, over the noise; scores times codes; squared errors."""

    precision: Float[Array, " n_atoms"]
    cross: Float[Array, "n_dims n_atoms"]
    squared_error: Float[Array, ""]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["density", "damping", "atom_damping", "certainty_start", "certainty_end", "penalty_fraction"],
    meta_fields=[
        "magnitude",
        "nonnegative",
        "n_rounds",
        "n_held",
        "replace_every",
        "n_polish",
        "n_restarts",
        "batch_size",
    ],
)
@dataclass(frozen=True, kw_only=True)
class BilinearAmp:
    """Posterior means of codes and atoms: y = D z + noise, z sparse with a known prior, columns of D on the sphere.

    A code is 0 with probability 1 - `density`, else of the given `magnitude`: uniform up to some largest value, or
    normal; positive if `nonnegative`. Its scale is that for which atoms of unit norm explain the observations' energy.
    The mean of the observations is then taken off, and that of the codes with it.

    Each round passes messages once. Of sample y, with posterior means D and z, variances u of atoms' coordinates and v
    of codes:
        V = sum_n v_n |d_n|^2 / M + sum_n u_n z_n^2,   c = y - D z + V s,   tau = |c|^2 / M,   s = c / tau
        z_n <- E[z | z_n (1 - M u_n / |d_n|^2) + tau (d_n . s) / |d_n|^2],  at noise tau / |d_n|^2
        d_n <- direction of d_n sum (z_n^2 - v_n) / tau + sum z_n s,  of length l with M l / (1 - l^2) = its norm,
    sums over samples, all changes damped: `damping` for codes, `atom_damping` for atoms. Atoms start at samples, or at
    `first` where `fit` is given it, and stay there for the first `n_held` rounds. The length l is the cosine that a
    direction drawn from the posterior would have with the truth, u = (1 - l^2) / M; l^2 is kept above a floor that
    rises from `certainty_start` to `certainty_end` over the `n_rounds`, without which all atoms shrink to their common
    mean. Every `replace_every` rounds (0: never), but not in the last ones, atoms that are unused or another's
    duplicate start again at what is not explained of some sample. The messages end where atoms hardly move between two
    such rounds and none is shorter than the last floor; `history` then repeats the last error. The atoms of the round
    with the least error go on to `n_polish` rounds of `AlternatingMod` (0: none). Of `n_restarts` runs that with the
    lowest last objective is kept. `history` holds the mean squared error of each round, then the objective of the
    polishing. Memory is 2 n_samples n_atoms numbers and `batch_size` n_atoms times a few; polishing takes as much.

    With two to three samples a latent it matters that the magnitudes are those of the data, and that there are many
    rounds: N = 1000, K = 20, M = 157, 2,500 samples end at a mean cosine of .52, .90 and .998 with 250, 500 and 1,000
    (of one dictionary). That the floor rises helps where rounds are few; with 1,000 one of .3 throughout does as well.
    In few dimensions (a dozen) alternation is the better choice. A few polishing rounds can undo what the messages
    found: at N = 5,000 and 12,500 samples 10 of them lower the mean cosine from .98 to .89.

    The encoder is `Sparsa` at `penalty_fraction` of each sample's lambda_max.

    Parker, Schniter & Cevher 2014 (BiG-AMP). Here tau is read from the residual and not computed from V, which keeps
    it from diverging; atoms are on the sphere and not Gaussian; the floor, the means taken off and the polishing are
    added, and so is starting atoms again. Kabashima et al. 2016 give the state evolution.

    Raises:
        ValueError: if a count is not positive (`n_held`, `replace_every` and `n_polish` may be 0), or there is no such
            magnitude.
    """

    density: Float[Array, ""] | float = 0.02
    magnitude: Magnitude = "uniform"
    nonnegative: bool = True
    n_rounds: int = 1000
    n_held: int = 30
    replace_every: int = 25
    n_polish: int = 100
    n_restarts: int = 1
    batch_size: int = 512
    damping: Float[Array, ""] | float = 0.3
    atom_damping: Float[Array, ""] | float = 0.2
    certainty_start: Float[Array, ""] | float = 0.3
    certainty_end: Float[Array, ""] | float = 0.8
    penalty_fraction: Float[Array, ""] | float = 0.02

    name: ClassVar[str] = "bilinear-amp"
    summary: ClassVar[str] = "dictionary learning by bilinear message passing, then alternating MOD"

    def __post_init__(self) -> None:
        positive, possibly_none = ("n_rounds", "n_restarts", "batch_size"), ("n_held", "replace_every", "n_polish")
        for name, least in (dict.fromkeys(positive, 1) | dict.fromkeys(possibly_none, 0)).items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.magnitude not in get_args(Magnitude):
            raise ValueError(f"magnitude must be one of {', '.join(get_args(Magnitude))}, got {self.magnitude!r}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(density=knowledge.n_active / knowledge.n_latents, nonnegative=knowledge.nonnegative)

    def fit(
        self,
        observations: Float[Array, "n_samples n_dims"],
        *,
        n_atoms: int,
        key: PRNGKeyArray,
        first: Float[Array, "n_dims n_atoms"] | None = None,
    ) -> Fit:
        data = observations / unit_scale(observations)
        dictionary, history = best_of(
            lambda key: self._run(data, n_atoms=n_atoms, key=key, first=first), key, n_runs=self.n_restarts
        )
        encoder = Sparsa(penalty_fraction=self.penalty_fraction, nonnegative=self.nonnegative)
        return Fit(dictionary, encoder, history, fit_status(dictionary, history))

    def _run(
        self, data: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray, first: Array | None
    ) -> Run:
        key_start, key_replace, key_polish = jax.random.split(key, 3)
        # Codes of one sign share a mean, which is one direction with much of the energy and no news of the atoms.
        centred = data - jnp.mean(data, axis=0) if self.nonnegative else data
        if first is None:
            first = _distinct_samples(centred, n_atoms=n_atoms, key=key_start)
        run = self._pass_messages(centred, first, key=key_replace)
        if not self.n_polish:
            return run
        polish = AlternatingMod(
            nonnegative=self.nonnegative, n_rounds=self.n_polish, n_code_steps=15, penalty_start=0.02, penalty_end=0.002
        )
        polished = polish.improve(data, run.dictionary, key=key_polish)
        return Run(polished.dictionary, jnp.concatenate([run.history, polished.history]))

    def _pass_messages(
        self, data: Float[Array, "n_samples n_dims"], first: Float[Array, "n_dims n_atoms"], *, key: PRNGKeyArray
    ) -> Run:
        n_samples, n_dims = data.shape
        batch = min(self.batch_size, n_samples)
        n_batches = -(-n_samples // batch)
        rows = jnp.pad(data, ((0, n_batches * batch - n_samples), (0, 0)))
        batches = rows.reshape(n_batches, batch, n_dims)
        present = (jnp.arange(rows.shape[0]) < n_samples).reshape(n_batches, batch)
        place = jnp.arange(self.n_held + self.n_rounds) - self.n_held
        progress = (jnp.clip(place, 0) / self.n_rounds).astype(data.dtype)
        floors = self.certainty_start + (self.certainty_end - self.certainty_start) * progress
        dampings = jnp.where(place < 0, 0, self.atom_damping).astype(data.dtype)

        def one_round(state: _State, inputs: tuple[Array, Array]) -> tuple[_State, Array]:
            codes, sums = self._update_codes(batches, present, state.codes, state.atoms)
            error = sums.squared_error / n_samples
            best, least = jax.tree.map(
                lambda new, old: jnp.where(error <= state.least, new, old),
                (state.atoms, error),
                (state.best, state.least),
            )
            return _State(codes, _update_atoms(state.atoms, sums, *inputs), best, least), error

        certainty = jnp.asarray(self.certainty_start, data.dtype)
        codes = self._first_codes(batches, first.shape[1])
        state = _State(codes, jnp.sqrt(certainty) * first, first, jnp.asarray(jnp.inf, data.dtype))
        rounds = (floors.astype(data.dtype), dampings)
        n_stages = max(self.n_rounds // self.replace_every - 1, 0) if self.replace_every else 0
        n_first = place.size - n_stages * self.replace_every
        state, history = jax.lax.scan(one_round, state, jax.tree.map(lambda a: a[:n_first], rounds))
        if n_stages:
            later = jax.tree.map(lambda a: a[n_first:].reshape(n_stages, -1), rounds)
            keys, stages = jax.random.split(key, n_stages), jnp.arange(n_stages)

            def one_stage(begin: _Stage) -> _Stage:
                before, now = begin.state, begin.number
                rounds = jax.tree.map(lambda a: a[now], later)
                codes, atoms = self._replace(batches, present, before.codes, before.atoms, rounds[0][0], key=keys[now])
                state, errors = jax.lax.scan(one_round, before._replace(codes=codes, atoms=atoms), rounds)
                history = jnp.where(stages[:, None] < now, begin.history, errors[-1]).at[now].set(errors)
                return _Stage(now + 1, state, history, self._settled(before.atoms, state.atoms))

            # A loop, not a scan over conditions, which would hold the codes twice.
            begin = _Stage(jnp.zeros((), int), state, jnp.zeros_like(later[0]), jnp.zeros((), bool))
            end = jax.lax.while_loop(lambda stage: (stage.number < n_stages) & ~stage.settled, one_stage, begin)
            state, history = end.state, jnp.concatenate([history, end.history.ravel()])
        return Run(unit_columns(state.best, first), history)

    def _replace(
        self,
        batches: Float[Array, "n_batches batch n_dims"],
        present: Bool[Array, "n_batches batch"],
        codes: _Codes,
        atoms: Float[Array, "n_dims n_atoms"],
        floor: Float[Array, ""],
        *,
        key: PRNGKeyArray,
    ) -> tuple[_Codes, Float[Array, "n_dims n_atoms"]]:
        """Atoms that are unused or another's duplicate start again at what is not explained of some sample; so do the
        messages then, as those of samples with little noise would overshoot."""
        n_dims, n_atoms = atoms.shape
        mean, variance = self._first_moments(n_atoms)

        def one_batch(energy: Array, inputs: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            data, present, codes = inputs
            counted = present.astype(data.dtype)[:, None]
            residual = data - (codes - mean.astype(data.dtype)) @ atoms.T
            return energy + jnp.sum(counted * codes**2, axis=0), counted * residual

        energy, residual = jax.lax.scan(one_batch, jnp.zeros(n_atoms, floor.dtype), (batches, present, codes.mean))
        directions = atoms / jnp.linalg.norm(atoms, axis=0)
        replaced = unused_or_duplicate(directions, energy, nonnegative=self.nonnegative)
        new = atoms_from_samples(residual.reshape(-1, n_dims), n_atoms=n_atoms, key=key)
        afresh = jnp.any(replaced)
        codes = _Codes(
            jnp.where(replaced, mean, codes.mean),
            jnp.where(replaced, variance, codes.variance),
            jnp.where(afresh, 0, codes.score),
            jnp.where(afresh, 0, codes.onsager),
        )
        return codes, jnp.where(replaced, jnp.sqrt(floor) * new, atoms)

    def _settled(
        self, before: Float[Array, "n_dims n_atoms"], after: Float[Array, "n_dims n_atoms"]
    ) -> Bool[Array, ""]:
        """Whether atoms hardly moved and no floor will hold any of them up again."""
        moved = jnp.mean(jnp.sum((after - before) ** 2, axis=0))
        return (moved < _SETTLED) & jnp.all(jnp.sum(after**2, axis=0) > self.certainty_end)

    def _first_moments(self, n_atoms: int) -> tuple[Array, Array]:
        mean = self._code_mean(n_atoms)
        return mean, 1 / n_atoms - mean**2

    def _code_mean(self, n_atoms: int) -> Array:
        """Mean of a code: the second moment of an active one is 1 / (N density)."""
        if not self.nonnegative:
            return jnp.zeros(())
        ratio = 3 / 4 if self.magnitude == "uniform" else 2 / jnp.pi
        return jnp.sqrt(ratio * self.density / n_atoms)

    def _first_codes(self, batches: Float[Array, "n_batches batch n_dims"], n_atoms: int) -> _Codes:
        shape, dtype = (*batches.shape[:2], n_atoms), batches.dtype
        mean, variance = self._first_moments(n_atoms)
        return _Codes(
            jnp.full(shape, mean, dtype),
            jnp.full(shape, variance, dtype),
            jnp.zeros_like(batches),
            jnp.zeros(shape[:2], dtype),
        )

    def _posterior(self, pseudo: Array, inverse_deviation: Array) -> Posterior:
        """In units of the noise's standard deviation, as is `pseudo`."""
        density = jnp.asarray(self.density, pseudo.dtype)
        second = 1 / (pseudo.shape[1] * density)
        if self.magnitude == "uniform":
            largest = jnp.sqrt(3 * second) * inverse_deviation
            return bernoulli_uniform(pseudo, largest, density, nonnegative=self.nonnegative)
        variance, unit = second * inverse_deviation**2, jnp.ones((), pseudo.dtype)
        return bernoulli_gaussian(pseudo, unit, density, variance, nonnegative=self.nonnegative)  # pyright: ignore[reportArgumentType]

    def _update_codes(
        self,
        batches: Float[Array, "n_batches batch n_dims"],
        present: Bool[Array, "n_batches batch"],
        codes: _Codes,
        atoms: Float[Array, "n_dims n_atoms"],
    ) -> tuple[_Codes, _Sums]:
        """One damped step of all codes, batch by batch, and the sums that the atoms are updated from."""
        n_dims, n_atoms = atoms.shape
        norms = jnp.sum(atoms**2, axis=0)
        spread_of_atoms = jnp.maximum(1 - norms, 0)
        own_share = 1 - spread_of_atoms / norms
        lengths = jnp.sqrt(norms)
        code_mean = self._code_mean(n_atoms).astype(norms.dtype)

        def one_batch(sums: _Sums, inputs: tuple[Array, Array, _Codes]) -> tuple[_Sums, _Codes]:
            data, present, last = inputs
            centred = last.mean - code_mean
            onsager = (last.variance @ norms + centred**2 @ spread_of_atoms) / n_dims
            onsager = last.onsager + self.damping * (onsager - last.onsager)
            residual = data - centred @ atoms.T
            cavity = residual + last.score * onsager[:, None]
            noise = jnp.mean(cavity**2, axis=1) + _LEAST_NOISE
            score = last.score + self.damping * (cavity / noise[:, None] - last.score)
            # Products of two vectors, which nothing need keep for all codes.
            root = jnp.sqrt(noise)[:, None]
            deviation, inverse_deviation = root * (1 / lengths)[None, :], (1 / root) * lengths[None, :]
            prior = code_mean + centred * own_share[None, :]
            posterior = self._posterior(prior * inverse_deviation + (score @ atoms) * deviation, inverse_deviation)
            counted = present.astype(data.dtype)
            weight = counted / noise
            sums = _Sums(
                sums.precision + weight @ (centred**2 - last.variance),
                sums.cross + (score * counted[:, None]).T @ centred,
                sums.squared_error + jnp.sum(counted[:, None] * residual**2),
            )
            mean = last.mean + self.damping * (deviation * posterior.mean - last.mean)
            variance = last.variance + self.damping * (deviation**2 * posterior.variance - last.variance)
            return sums, _Codes(mean, variance, score, onsager)

        zero = jnp.zeros_like(norms)
        nothing = _Sums(zero, jnp.zeros_like(atoms), jnp.zeros((), norms.dtype))
        sums, codes = jax.lax.scan(one_batch, nothing, (batches, present, codes))
        return codes, sums


def _update_atoms(
    atoms: Float[Array, "n_dims n_atoms"], sums: _Sums, floor: Float[Array, ""], damping: Float[Array, ""]
) -> Float[Array, "n_dims n_atoms"]:
    """One damped step of all atoms: their posterior means on the sphere, the squared length at least `floor`.

    Direction and length are damped each by itself: the mean of two directions is shorter than either, so that damped
    means of an atom that still turns would be as short as if nothing were known of it.
    """
    n_dims = atoms.shape[0]
    pull = atoms * sums.precision[None, :] + sums.cross
    concentration = jnp.maximum(jnp.linalg.norm(pull, axis=0), jnp.finfo(floor.dtype).tiny * 1e6)
    # The mean length of a von Mises-Fisher direction, for many dimensions.
    new_length = jnp.maximum(_mean_length(concentration, n_dims), jnp.sqrt(floor))
    length: Array = jnp.linalg.norm(atoms, axis=0)
    direction = atoms / length
    turned = unit_columns(direction + damping * (pull / concentration - direction), direction)
    return (length + damping * (new_length - length)) * turned


def _mean_length(concentration: Float[Array, " n_atoms"], n_dims: int) -> Float[Array, " n_atoms"]:
    """The l >= 0 with n_dims l / (1 - l^2) = concentration, written so that nothing cancels."""
    return 2 * concentration / (n_dims + jnp.sqrt(n_dims**2 + 4 * concentration**2))


def _distinct_samples(
    data: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray
) -> Float[Array, "n_dims n_atoms"]:
    """Normalised samples, none twice, as equal atoms would stay equal; random atoms where there are too few."""
    key_chosen, key_random = jax.random.split(key)
    chosen = jax.random.permutation(key_chosen, data.shape[0])[:n_atoms]
    return random_instead_of_none(data[chosen].T, n_atoms=n_atoms, key=key_random)
