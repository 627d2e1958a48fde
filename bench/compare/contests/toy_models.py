"""Training bottlenecks in superposition, many at once.

Both train instances of Elhage et al. 2022's ReLU-output bottleneck, W [M, N] and b [N], on fresh Bernoulli-uniform
latents at every step, by Adam at a learning rate of 1e-3, all instances of a setting at once: here by vmap over one
compiled scan, in PyTorch by batched products and one optimiser over the stacked parameters, eager as such loops are
written. Both start from the same parameters. Densities are spread evenly in logarithm over the instances, from 1 to
.05.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bench.compare.contest import OURS, Contest, Entrant, peer
from bench.compare.ours import compiled
from toymodels import BottleneckParams, TrainingConfig, train
from toymodels.latents import bernoulli_uniform
from toymodels.networks import relu_bottleneck

LEARNING_RATE = 1e-3


class Problem(NamedTuple):
    """Sizes of one setting, and a seed."""

    n_latents: int
    n_dims: int
    n_instances: int
    n_steps: int
    seed: int
    batch_size: int = 1024


def densities(problem: Problem) -> np.ndarray:
    return np.geomspace(1, 0.05, problem.n_instances, dtype=np.float32)


def starts(problem: Problem) -> BottleneckParams:
    """The first parameters of every instance, for both."""
    keys = jax.random.split(jax.random.key(problem.seed), problem.n_instances)
    return jax.vmap(lambda key: relu_bottleneck.init(key, n_dims=problem.n_dims, n_latents=problem.n_latents))(keys)


def _ours(setting: Problem):
    config = TrainingConfig(
        n_steps=setting.n_steps, batch_size=setting.batch_size, learning_rate=LEARNING_RATE, schedule="constant"
    )

    def one(key: jax.Array, start: BottleneckParams, density: jax.Array) -> jax.Array:
        def loss(params: BottleneckParams, key: jax.Array) -> jax.Array:
            latents = bernoulli_uniform(key, n_samples=setting.batch_size, n_latents=setting.n_latents, density=density)
            return relu_bottleneck.loss(params, latents)

        return train(key, start, loss, config)[1][-1]

    def arguments(problem: Problem) -> tuple[Any, ...]:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(problem.seed), 1), problem.n_instances)
        return keys, starts(problem), jnp.asarray(densities(problem))

    solve = compiled(jax.vmap(one), arguments)(setting)
    return lambda problem: np.asarray(solve(problem)).mean()


def _pytorch(n_threads: int):
    def start(setting: Problem):
        torch = peer("torch")

        torch.set_num_threads(n_threads)

        def solve(problem: Problem) -> float:
            torch.manual_seed(problem.seed)
            first = starts(problem)
            weights, bias = (torch.nn.Parameter(torch.tensor(np.asarray(part))) for part in (first.weights, first.bias))
            density = torch.from_numpy(densities(problem))[:, None, None]
            optimiser = torch.optim.Adam([weights, bias], lr=LEARNING_RATE)
            shape = (problem.n_instances, problem.batch_size, problem.n_latents)
            last, n_last = 0.0, max(1, problem.n_steps // 50)
            for step in range(problem.n_steps):
                latents = torch.where(torch.rand(shape) < density, torch.rand(shape), torch.zeros(()))
                representation = torch.bmm(latents, weights.mT)
                output = torch.relu(torch.baddbmm(bias[:, None, :], representation, weights))
                # The sum of the instances' own losses: each instance's gradient is that of its mean.
                loss = (latents - output).square().mean(dim=(1, 2)).sum()
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                if step >= problem.n_steps - n_last:
                    last += float(loss.detach()) / problem.n_instances / n_last
            return last

        return solve

    return start


def _contest(name: str, n_latents: int, n_dims: int, n_instances: int, n_steps: int) -> Contest:
    return Contest(
        name=name,
        title=f"Toy models, n = {n_latents}, m = {n_dims}",
        what=f"{n_instances} ReLU bottlenecks of {n_latents} latents in {n_dims} dimension{'s' if n_dims > 1 else ''}, "
        f"{n_steps} steps of Adam in batches of 1,024. Losses at the end agree only nearly: they draw other numbers.",
        problem=lambda seed, quick: Problem(n_latents, n_dims, n_instances, n_steps // 10 if quick else n_steps, seed),
        entrants=lambda n_threads: [
            Entrant("superposed, train", OURS, _ours),
            Entrant("PyTorch, the same loop", "torch", _pytorch(n_threads), "torch"),
        ],
        score=lambda problem, answer: {"final_loss": float(answer)},
        better={"final_loss": ""},
        repeats=2,
        warm=False,
    )


CONTESTS = (
    _contest("toy-polytopes", 5, 2, 10, 10_000),
    _contest("toy-phases", 2, 1, 1000, 1000),
    _contest("toy-dimensionality", 400, 30, 20, 1000),
)
