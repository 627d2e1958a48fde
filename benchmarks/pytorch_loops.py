"""Training bottlenecks in superposition beside the same loop in PyTorch.

Run as `python -m benchmarks.pytorch_loops`; needs the extra `compare`; some minutes on two cores.

Both train instances of Elhage et al. 2022's ReLU-output bottleneck, W [M, N] and b [N], on fresh Bernoulli-uniform
latents at every step, by Adam at a learning rate of 1e-3, all instances of a setting at once: here by vmap over one
compiled scan, in PyTorch by batched products and one optimiser over the stacked parameters, eager as such loops are
written. Both start from the same parameters. Densities are spread evenly in logarithm over the instances, from 1 to
.05. Compilation is left out. The loss at the end is printed for both: they draw different numbers, so it agrees only
nearly.
"""

import argparse
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from toymodels import BottleneckParams, TrainingConfig, train
from toymodels.latents import bernoulli_uniform
from toymodels.networks import relu_bottleneck

LEARNING_RATE = 1e-3


class Setting(NamedTuple):
    n_latents: int
    n_dims: int
    n_instances: int
    n_steps: int
    batch_size: int = 1024


SETTINGS = (Setting(5, 2, 10, 10_000), Setting(2, 1, 1000, 1000), Setting(400, 30, 20, 1000))


def densities(setting: Setting) -> np.ndarray:
    return np.geomspace(1, 0.05, setting.n_instances, dtype=np.float32)


def starts(setting: Setting) -> BottleneckParams:
    """The first parameters of every instance, for both."""
    keys = jax.random.split(jax.random.key(0), setting.n_instances)
    return jax.vmap(lambda key: relu_bottleneck.init(key, n_dims=setting.n_dims, n_latents=setting.n_latents))(keys)


def ours(setting: Setting) -> tuple[float, float]:
    """Seconds, and the mean loss of the last steps."""
    config = TrainingConfig(
        n_steps=setting.n_steps, batch_size=setting.batch_size, learning_rate=LEARNING_RATE, schedule="constant"
    )

    def one(key: jax.Array, start: BottleneckParams, density: jax.Array) -> jax.Array:
        def loss(params: BottleneckParams, key: jax.Array) -> jax.Array:
            latents = bernoulli_uniform(key, n_samples=setting.batch_size, n_latents=setting.n_latents, density=density)
            return relu_bottleneck.loss(params, latents)

        return train(key, start, loss, config)[1][-1]

    keys = jax.random.split(jax.random.key(1), setting.n_instances)
    arguments = keys, starts(setting), jnp.asarray(densities(setting))
    compiled = jax.jit(jax.vmap(one)).lower(*arguments).compile()
    begin = time.perf_counter()
    losses = jax.block_until_ready(compiled(*arguments))
    return time.perf_counter() - begin, float(jnp.mean(losses))


def pytorch(setting: Setting) -> tuple[float, float]:
    """Seconds, and the mean loss of the last fiftieth of the steps."""
    import torch  # the extra `compare`

    torch.manual_seed(0)
    start = starts(setting)
    weights, bias = (torch.nn.Parameter(torch.tensor(np.asarray(part))) for part in (start.weights, start.bias))
    density = torch.from_numpy(densities(setting))[:, None, None]
    optimiser = torch.optim.Adam([weights, bias], lr=LEARNING_RATE)
    shape = (setting.n_instances, setting.batch_size, setting.n_latents)
    last, n_last = 0.0, setting.n_steps // 50
    begin = time.perf_counter()
    for step in range(setting.n_steps):
        latents = torch.where(torch.rand(shape) < density, torch.rand(shape), torch.zeros(()))
        representation = torch.bmm(latents, weights.mT)
        output = torch.relu(torch.baddbmm(bias[:, None, :], representation, weights))
        # The sum of the instances' own losses: each instance's gradient is that of its mean.
        loss = (latents - output).square().mean(dim=(1, 2)).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step >= setting.n_steps - n_last:
            last += float(loss.detach()) / setting.n_instances / n_last
    return time.perf_counter() - begin, last


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of steps (default 1)")
    given = parser.parse_args()
    print(f"{'N':>4}{'M':>4}{'instances':>11}{'steps':>8}   seconds: here   PyTorch   ratio   loss: here   PyTorch")
    for setting in SETTINGS:
        setting = setting._replace(n_steps=max(50, round(given.scale * setting.n_steps)))
        (here, loss), (there, other) = ours(setting), pytorch(setting)
        print(
            f"{setting.n_latents:>4}{setting.n_dims:>4}{setting.n_instances:>11}{setting.n_steps:>8}"
            f"{here:>16.1f}{there:>10.1f}{there / here:>8.1f}{loss:>13.5f}{other:>10.5f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
