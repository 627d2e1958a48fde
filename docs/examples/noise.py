"""The lasso under noise: measured, theory, and the floor that no method passes."""

import jax
import numpy as np

from analysis.figures import Curve, Series, SeriesFacet, cut_plot
from analysis.metrics import nmse
from analysis.theory import gaussian_amplitudes, optimal_lasso, oracle_floor
from recovery.coders import Fista
from toymodels import exact_k, gaussian_dictionary, observe

N, M, K, SAMPLES = 200, 100, 10, 100
key_atoms, key_codes, key_noise = jax.random.split(jax.random.key(0), 3)
dictionary = gaussian_dictionary(key_atoms, n_dims=M, n_latents=N)
codes = exact_k(key_codes, n_samples=SAMPLES, n_latents=N, n_active=K)


@jax.jit
def error(penalty, noise_std):
    observations = observe(key_noise, dictionary, codes, noise_std)
    return jax.vmap(nmse)(codes[:, None], Fista(penalty=penalty)(dictionary, observations).codes[:, None])


noise = np.geomspace(0.01, 0.3, 6)
theory = [optimal_lasso(M / N, K / N, float(std), gaussian_amplitudes(), "signed") for std in noise]
errors = np.array([error(one.penalty, std) for one, std in zip(theory, noise, strict=True)])
mean, half = errors.mean(axis=1), 1.96 * errors.std(axis=1, ddof=1) / SAMPLES**0.5
predicted = np.array([one.mse for one in theory]) * N / K

panel = cut_plot(
    [
        SeriesFacet(
            "",
            [Series("lasso by FISTA", noise, mean, low=mean - half, high=mean + half)],
            [
                Curve("lasso, state evolution", noise, predicted),
                Curve("oracle that knows the support", noise, oracle_floor(M, K, noise) / K),
            ],
        )
    ],
    name="noise",
    title="What does noise cost?",
    caption="N = 200, M = 100, 10 active latents; the penalty that theory finds best. Error bands are 95% intervals of "
    "the mean over 100 samples.",
    alt="The measured error of the lasso follows state evolution over six noise levels, above the oracle's floor.",
    x_label="standard deviation of the noise",
    y_label="NMSE",
    x_log=True,
    y_log=True,
)
