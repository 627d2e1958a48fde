"""A TopK autoencoder on samples that are drawn as they are needed, and the drawing of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from analysis.metrics import dictionary_similarity
from bench.compare.autoencoders import dictionary_learning, falling, overcomplete, sae_lens
from bench.compare.contest import OURS, Contest, Entrant, peer
from bench.compare.ours import compiled
from recovery.learners import TopKSae
from toymodels.latents import zipf, zipf_densities
from toymodels.mixing import gaussian_dictionary

N_LATENTS, N_DIMS, HIGHEST, LOWEST, BATCH, N_ACTIVE = 512, 64, 0.1, 0.005, 1024, 3


def dictionary_of(key: PRNGKeyArray) -> Float[Array, "n_dims n_latents"]:
    """Random unit columns."""
    return gaussian_dictionary(key, n_dims=N_DIMS, n_latents=N_LATENTS)


def codes_of(key: PRNGKeyArray, n_samples: int) -> Float[Array, "n_samples n_latents"]:
    """Latents that fire by Zipf's law, 3.1 at once on average."""
    return zipf(key, n_samples=n_samples, n_latents=N_LATENTS, highest=HIGHEST, lowest=LOWEST)


class Problem(NamedTuple):
    """A dictionary, a seed, and how many batches are drawn."""

    dictionary: np.ndarray
    seed: int
    n_steps: int


def problem(seed: int, quick: bool) -> Problem:
    """500,000 samples (quick: 100,000) of 512 latents in 64 dimensions."""
    return Problem(np.asarray(dictionary_of(jax.random.key(seed))), seed, (100_000 if quick else 500_000) // BATCH)


def _draw(dictionary: Array, key: PRNGKeyArray) -> Float[Array, "batch n_dims"]:
    return codes_of(key, BATCH) @ dictionary.T


def _ours(one: Problem):
    learner = TopKSae(N_ACTIVE, n_steps=one.n_steps)

    def fit(dictionary: Array, key: PRNGKeyArray) -> Array:
        return learner.fit_stream(jax.tree_util.Partial(_draw, dictionary), n_atoms=N_LATENTS, key=key).dictionary

    return compiled(fit, lambda problem: (problem.dictionary, jax.random.key(problem.seed)))(one)


def _pytorch(n_threads: int):
    """The loop that PyTorch's libraries of autoencoders have, at the settings of ours: decoder tied at the start and of
    unit columns, Adam with the same rate and decays, auxiliary loss of dead atoms left out, which saves time."""

    def start(one: Problem):
        torch, draw = _torch_and_drawing(n_threads)
        chosen = TopKSae(N_ACTIVE)

        def solve(problem: Problem) -> np.ndarray:
            torch.manual_seed(problem.seed)
            truth = torch.tensor(problem.dictionary.T.copy())
            decoder = torch.nn.Parameter(torch.nn.functional.normalize(torch.randn(N_LATENTS, N_DIMS), dim=1))
            encoder = torch.nn.Parameter(decoder.detach().T.clone())
            bias, centre = torch.nn.Parameter(torch.zeros(N_LATENTS)), torch.nn.Parameter(torch.zeros(N_DIMS))
            parameters = [decoder, encoder, bias, centre]
            optimiser = torch.optim.Adam(parameters, lr=float(chosen.learning_rate), betas=(0.9, 0.95))
            for step in range(problem.n_steps):
                batch = draw() @ truth
                scores = torch.relu((batch - centre) @ encoder + bias)
                values, places = scores.topk(N_ACTIVE, dim=1)
                codes = torch.zeros_like(scores).scatter(1, places, values)
                loss = (batch - centre - codes @ decoder).square().mean()
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                for group in optimiser.param_groups:
                    group["lr"] = float(chosen.learning_rate) * falling(step, problem.n_steps)
                optimiser.step()
                with torch.no_grad():
                    decoder.div_(decoder.norm(dim=1, keepdim=True))
            return decoder.detach().numpy().T

        return solve

    return start


def _library(train: Callable[..., np.ndarray], n_threads: int):
    """What another package trains; atoms as they are, their norms do not count."""

    def start(one: Problem):
        torch, draw = _torch_and_drawing(n_threads)

        def solve(problem: Problem) -> np.ndarray:
            torch.manual_seed(problem.seed)
            truth = torch.tensor(problem.dictionary.T.copy())
            return train((N_DIMS, N_LATENTS, N_ACTIVE), BATCH, problem.n_steps, lambda: draw() @ truth)

        return solve

    return start


def _densities() -> np.ndarray:
    return zipf_densities(N_LATENTS, highest=HIGHEST, lowest=LOWEST)


def _torch_and_drawing(n_threads: int) -> tuple[Any, Callable[[], Any]]:
    """PyTorch, and what draws a batch of codes in it: every latent of every sample, as such libraries do it."""
    torch, shape = peer("torch"), (BATCH, N_LATENTS)
    torch.set_num_threads(n_threads)
    densities = torch.tensor(_densities(), dtype=torch.float32)
    return torch, lambda: (torch.rand(shape) < densities) * torch.relu(1 + 0.2 * torch.randn(shape))


def _score(problem: Problem, answer: Any) -> dict[str, float]:
    found = dictionary_similarity(jnp.asarray(problem.dictionary), jnp.asarray(answer, jnp.float32))
    return {"mcc": float(found.matched_cosine)}


def _sampled_here(one: Problem):
    def many(key: PRNGKeyArray) -> Array:
        # Something of every batch is kept, so that none can be left out.
        return jax.lax.map(lambda each: jnp.sum(codes_of(each, BATCH), axis=0), jax.random.split(key, one.n_steps))

    solve = compiled(many, lambda problem: (jax.random.key(problem.seed),))(one)
    return lambda problem: np.asarray(solve(problem)).sum(axis=0)


def _sampled_by_pytorch(n_threads: int):
    def start(one: Problem):
        torch, draw = _torch_and_drawing(n_threads)

        def solve(problem: Problem) -> np.ndarray:
            torch.manual_seed(problem.seed)
            return torch.stack([draw().sum(dim=0) for _ in range(problem.n_steps)]).sum(dim=0).numpy()

        return solve

    return start


def _sampling_score(problem: Problem, answer: Any) -> dict[str, float]:
    """The mean of all codes, whose expectation is the density (values have mean 1 to six digits)."""
    mean = np.asarray(answer, float) / (problem.n_steps * BATCH)
    return {"mean_code_over_density": float(mean.sum() / _densities().sum())}


TRAINING = Contest(
    name="autoencoder",
    title="Training a TopK autoencoder",
    what="512 latents in 64 dimensions that fire by Zipf's law; 500,000 samples, drawn in batches of 1,024 as it runs.",
    problem=problem,
    entrants=lambda n_threads: [
        Entrant("superposed, TopKSae", OURS, _ours),
        Entrant("PyTorch, the same loop", "torch", _pytorch(n_threads), "torch"),
        Entrant("SAELens, TopK", "sae-lens", _library(sae_lens, n_threads), "sae_lens"),
        Entrant(
            "dictionary_learning, TopK",
            "dictionary-learning",
            _library(dictionary_learning, n_threads),
            "dictionary_learning",
        ),
        Entrant("Overcomplete, TopK", "overcomplete", _library(overcomplete, n_threads), "overcomplete"),
    ],
    score=_score,
    better={"mcc": "more"},
    repeats=3,
)

SAMPLING = Contest(
    name="sampling",
    title="Drawing sparse latents",
    what="500,000 samples of 512 latents that fire by Zipf's law. Ours draw only what is active.",
    problem=problem,
    entrants=lambda n_threads: [
        Entrant("superposed, zipf", OURS, _sampled_here),
        Entrant("PyTorch, every latent", "torch", _sampled_by_pytorch(n_threads), "torch"),
    ],
    score=_sampling_score,
    better={"mean_code_over_density": ""},
)
