"""The map's tables, from the rows alone: cells with intervals and chance, theory, geometry, network against random."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import stats

from analysis.statistics import fit_boundary
from analysis.theory.guarantees import tropp_limit, welch_bound
from analysis.theory.l1_transition import l1_transition
from analysis.theory.noise_sensitivity import noise_sensitivity
from analysis.theory.oracle_floor import oracle_floor
from bench.status import trial_failed
from bench.studies.superposition_map.parameters import KNOWN, NULL, Fixed, predicted_lasso
from bench.study import Spec

METRICS = ("nmse", "support_f1", "support_precision", "support_recall", "mcc", "mcc_represented", "dictionary_cosine")
GEOMETRY = ("represented_fraction", "coherence", "dimensions_per_feature", "training_loss")
CONDITIONS = ("exact_recovery_share", "nonnegative_recovery_share")
CELL = ["dictionary", "density", "noise_std"]

RECOVERED = 0.1
"""A cell counts as recovered where the mean NMSE is at most this."""


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark each row as failed or not."""
    return rows.assign(failed=trial_failed(rows))


def mean_table(rows: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """One row per group and metric: mean over trials with its 95% Student t interval; metrics that a group lacks
    are left out.
    """
    long = rows.melt(id_vars=list(by), value_vars=list(metrics), var_name="metric").dropna(subset="value")
    groups = long.groupby([*by, "metric"], sort=True)["value"].agg(["mean", "std", "count"]).reset_index()
    half = stats.t.ppf(0.975, groups["count"] - 1) * groups["std"] / np.sqrt(groups["count"])
    return groups.drop(columns=["std", "count"]).assign(low=groups["mean"] - half, high=groups["mean"] + half)


def cell_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per cell, dictionary, method and metric: the mean with its interval, the chance level, trials and failures.

    The mean is over the trials that did not fail; chance is the mean of the null learner, a dictionary that was never
    fitted.
    """
    by = [*CELL, "method"]
    means = mean_table(rows[~rows["failed"]], by, METRICS)
    counts = rows.groupby(by).agg(n_trials=("failed", "size"), n_failures=("failed", "sum")).reset_index()
    every = counts.merge(means[["method", "metric"]].drop_duplicates(), on="method")
    table = every.merge(means, on=[*by, "metric"], how="left")
    chance = means.loc[means["method"] == NULL, [*CELL, "metric", "mean"]].rename(columns={"mean": "chance"})
    table = table.merge(chance, on=[*CELL, "metric"], how="left")
    recovered = np.where(table["metric"] == "nmse", np.where(table["mean"] <= RECOVERED, "yes", "no"), "")
    order = [*by, "metric", "mean", "low", "high", "chance", "n_trials", "n_failures", "recovered"]
    return table.assign(recovered=recovered)[order].sort_values([*by, "metric"], ignore_index=True)


def boundary_table(rows: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """Per dictionary, method and density: the noise up to which half of the trials are recovered, by a logistic fit
    over ln sigma, with its 95% profile interval; and where theory has NMSE = `RECOVERED`, for a random dictionary in
    the limit of many latents: at worst, and with the true support.

    `fit` is "separated" where all trials change sides between two noise levels, "above_range" ("below_range") where
    all are recovered (lost) at every level; the noise is then infinite (0). Trials that failed, and levels without
    noise, are left out.
    """
    counted = rows[~rows["failed"] & (rows["noise_std"] > 0)]
    records = []
    for (dictionary, method, density), part in counted.groupby(["dictionary", "method", "density"], sort=True):
        levels = part.assign(recovered=part["nmse"] <= RECOVERED).groupby("noise_std")["recovered"].agg(["sum", "size"])
        fit = fit_boundary(np.log(levels.index.to_numpy(float)), levels["sum"].to_numpy(), levels["size"].to_numpy())
        level: Any = density
        outside = {"above_range": np.inf, "below_range": -np.inf}
        worst, oracle = (nmse(spec.fixed, float(level), 1.0) for nmse in (worst_case_nmse, oracle_nmse))
        records.append(
            {
                "dictionary": dictionary,
                "method": method,
                "density": density,
                "noise50": np.exp(outside.get(fit.status, fit.x50)),
                "noise50_low": np.exp(fit.low),
                "noise50_high": np.exp(fit.high),
                "fit": fit.status,
                "worst_case": (RECOVERED / worst) ** 0.5,
                "oracle": (RECOVERED / oracle) ** 0.5,
                "n_trials": len(part),
            }
        )
    return pd.DataFrame.from_records(records)


def geometry_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per dictionary and density: how many latents are represented, and how crowded they are."""
    worlds = rows.drop_duplicates(["dictionary", "density", "trial"])
    return mean_table(worlds, ["dictionary", "density"], GEOMETRY)


def guarantee_table(rows: pd.DataFrame, cells: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """Per dictionary and density: what theory guarantees for the very dictionaries, beside what is measured.

    Of the represented latents, as means over trials: coherence beside the least that so many columns can have
    (`welch_bound`); `tropp_limit`, the K that coherence guarantees, the least of all trials; at the mean K the Babel
    function mu_1(K) and `babel_condition` mu_1(K - 1) + mu_1(K), below 1 of which every such support is recovered; the
    shares of sampled supports that meet the exact recovery condition and the weaker one for non-negative codes, with
    95% Student t intervals. Measured: mean NMSE at the lowest noise of the methods that know the dictionary.
    """
    fixed: Fixed = spec.fixed
    worlds = rows.drop_duplicates(["dictionary", "density", "trial"])
    n_represented = worlds["represented_fraction"] * fixed.n_latents
    worlds = worlds.assign(
        n_represented=n_represented,
        welch_bound=welch_bound(fixed.n_dims, n_represented),
        tropp_limit=tropp_limit(np.minimum(worlds["coherence"].to_numpy(np.float64), 1.0)),
        babel_condition=worlds["babel_before"] + worlds["babel"],
    )
    table = worlds.groupby(["dictionary", "density"], sort=True).agg(
        n_represented=("n_represented", "mean"),
        coherence=("coherence", "mean"),
        welch_bound=("welch_bound", "mean"),
        tropp_limit=("tropp_limit", "min"),
        babel=("babel", "mean"),
        babel_condition=("babel_condition", "mean"),
    )
    table.insert(0, "n_active", np.maximum(1, np.round(table.index.get_level_values("density") * fixed.n_latents)))
    shares = mean_table(worlds, ["dictionary", "density"], CONDITIONS).set_index(["dictionary", "density"])
    for name in CONDITIONS:
        part = shares[shares["metric"] == name][["mean", "low", "high"]]
        part = part.assign(low=part["low"].clip(lower=0), high=part["high"].clip(upper=1))
        table = table.join(part.set_axis([name, f"{name}_low", f"{name}_high"], axis="columns"))
    quiet = cells[(cells["metric"] == "nmse") & (cells["noise_std"] == cells["noise_std"].min())]
    measured = quiet[quiet["method"].isin(KNOWN)].pivot_table(
        index=["dictionary", "density"], columns="method", values="mean"
    )
    return table.join(measured.add_suffix("_nmse")).reset_index()


def theory_table(spec: Spec) -> pd.DataFrame:
    """Per density and noise level: three predictions of the NMSE, for a random dictionary in the limit of many latents.

    `lasso`: state evolution for these latents at the penalty used; `worst_case`: noise sensitivity, whatever the
    amplitudes
    (inf above the l1 transition); `oracle`: least squares on the true support.
    """
    fixed: Fixed = spec.fixed
    delta = fixed.n_dims / fixed.n_latents
    records = []
    for density in spec.grid.density:
        power = density / 3  # of one latent: uniform amplitudes on [0, 1]
        for noise in spec.grid.noise_std:
            records.append(
                {
                    "density": density,
                    "noise_std": noise,
                    "below_transition": bool(density < delta * float(l1_transition(delta, "nonnegative"))),
                    "lasso": predicted_lasso(delta, density, noise).mse / power,
                    "worst_case": float(worst_case_nmse(fixed, density, noise)),
                    "oracle": float(oracle_nmse(fixed, density, noise)),
                }
            )
    return pd.DataFrame.from_records(records)


def worst_case_nmse(fixed: Fixed, density: ArrayLike, noise_std: float) -> Float[np.ndarray, "*s"]:
    """Noise sensitivity as NMSE; infinite above the transition."""
    density, delta = np.asarray(density, np.float64), fixed.n_dims / fixed.n_latents
    below = density < delta
    sensitivity = noise_sensitivity(delta, np.where(below, density / delta, 1), "nonnegative")
    finite = below & np.isfinite(sensitivity)
    return np.where(finite, np.where(finite, sensitivity, 0) * noise_std**2 / (density / 3), np.inf)


def oracle_nmse(fixed: Fixed, density: ArrayLike, noise_std: float) -> Float[np.ndarray, "*s"]:
    """Oracle floor as NMSE, at the mean number of active latents."""
    n_active = np.asarray(density, np.float64) * fixed.n_latents
    return oracle_floor(fixed.n_dims, n_active, noise_std) / (n_active / 3)


def comparison_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per cell and method: NMSE of the network less that of the random dictionary, with Welch's 95% interval."""
    stat = rows[~rows["failed"]].groupby([*CELL, "method"])["nmse"].agg(["mean", "var", "count"]).unstack("dictionary")
    if not {"network", "gaussian"} <= set(stat.columns.get_level_values(1)):
        return pd.DataFrame()
    mean, share, n = stat["mean"], stat["var"] / stat["count"], stat["count"]
    difference = mean["network"] - mean["gaussian"]
    spread = share["network"] + share["gaussian"]
    freedom = spread**2 / (share["network"] ** 2 / (n["network"] - 1) + share["gaussian"] ** 2 / (n["gaussian"] - 1))
    half = stats.t.ppf(0.975, freedom) * np.sqrt(spread)
    verdict = np.select([difference + half < 0, difference - half > 0], ["easier", "harder"], "undecided")
    table = pd.DataFrame(
        {"network": mean["network"], "gaussian": mean["gaussian"], "difference": difference, "low": difference - half}
    )
    return table.assign(high=difference + half, network_is=verdict).reset_index()
