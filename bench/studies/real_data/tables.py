"""The study's tables, from the rows: codes against raw activations, explanation, and atoms of photographs."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.comparison import paired_difference
from analysis.metrics import area_fraction, fit_gabor, orientation_selectivity
from analysis.statistics import Interval, mean_interval
from bench.status import trial_failed
from bench.studies.real_data.conditions import CONDITIONS
from bench.studies.real_data.decompose import RAW
from bench.studies.real_data.networks import LABELS_PER_CLASS, N_INTRUSION
from bench.studies.real_data.parameters import NETWORKS
from recovery.solution import Status

REFERENCES = ("pca", "unrelated")
"""Learners that say what no sparsity and no learning give; they are not counted among the codes."""

DOWNSTREAM: dict[str, str] = {
    **{condition.column: condition.label for condition in CONDITIONS},
    **{f"accuracy_labels_{n}": f"{n} label{'s' if n > 1 else ''} a class" for n in LABELS_PER_CLASS},
    **{
        condition.anomaly_column(detector): f"anomaly by {name}, {condition.label}"
        for detector, name in (("neighbours", "neighbours"), ("mahalanobis", "Mahalanobis"))
        for condition in CONDITIONS
    },
}
"""What features are compared by, codes with raw activations: column -> task. Larger is better, chance 1/9 or 1/2."""

EXPLANATION: dict[str, str] = {
    "class_auroc": "one feature a class (AUROC)",
    "selectivity": "class selectivity",
    "monosemanticity": "monosemanticity",
    "intrusion": "intruders found by pixels",
}

DESCRIPTION = ("r2", "n_active", "dead", "auroc_residual")

EDGE_R2, EDGE_AREA, EDGE_ORIENTATION = 0.7, 1 / 3, 1 / 3
"""An atom counts as a localised oriented edge where a Gabor function explains at least that share of its energy, which
lies on at most that share of the patch (that of Gaussian noise), and whose spectrum has at least that orientation
selectivity."""

NOTHING_LEFT = 0.999
"""Above this share of variance explained, anomalies are not looked for in what is left."""

_AT_ONCE = 256


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark each row as failed or not."""
    return rows.assign(failed=trial_failed(rows) | (rows["fit_status"] == Status.NON_FINITE))


def comparison_table(rows: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Per network, method and task: the mean over trials, and the paired difference to the raw activations.

    Intervals are 95% Student t intervals over trials, in which split, network and disturbances are the same for every
    method. `verdict` is "better" or "worse" where the whole interval of the difference is on that side of 0.
    """
    records = []
    for source in [name for name in NETWORKS if (rows["source"] == name).any()]:
        here = rows[rows["source"] == source]
        for column, task in columns.items():
            values = here.pivot(index="trial", columns="method", values=column)
            for method in [name for name in dict.fromkeys(here["method"]) if values[name].notna().any()]:
                own = mean_interval(values[method].to_numpy())
                record = {"source": source, "method": method, "task": task, **_named("", own), "n_trials": len(values)}
                if RAW in values:
                    apart = paired_difference(values[method], values[RAW])
                    record |= {"raw": values[RAW].mean(), **_named("difference", apart)}
                    record["verdict"] = "" if method == RAW else _verdict(apart)
                records.append(record)
    return pd.DataFrame.from_records(records)


def explanation_table(rows: pd.DataFrame) -> pd.DataFrame:
    """`comparison_table` of how far single features explain, with the chance level of each score."""
    table = comparison_table(rows, EXPLANATION)
    if table.empty:
        return table
    known = {"one feature a class (AUROC)": 0.5, "intruders found by pixels": 1 / (N_INTRUSION + 1)}
    measured = {"class selectivity": "selectivity_chance", "monosemanticity": "monosemanticity_chance"}
    means = rows.groupby(["source", "method"])[list(measured.values())].mean()
    chance = [
        known[row["task"]] if row["task"] in known else means.loc[(row["source"], row["method"]), measured[row["task"]]]
        for row in table.to_dict("records")
    ]
    return table.assign(chance=np.asarray(chance, float))


def description_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per source and method: variance explained, features active per sample, dead ones, and anomalies by residual."""
    records = []
    for (source, scrambled, method), part in rows.groupby(["source", "scrambled", "method"], sort=False):
        record = {"source": kind_name(source, scrambled), "method": method}
        for column in DESCRIPTION:
            # Where nothing is left unexplained, what is left is rounding.
            pointless = column == "auroc_residual" and part["r2"].mean() > NOTHING_LEFT
            if column in part and part[column].notna().any() and not pointless:
                record |= _named(column, mean_interval(part[column].to_numpy()))
        failed = int(part["failed"].sum())
        records.append({**record, "n_trials": len(part), "n_failures": failed})
    return pd.DataFrame.from_records(records)


def atom_table(rows: pd.DataFrame, side: int) -> pd.DataFrame:
    """One row per atom of every dictionary of patches: how Gabor-like, localised and oriented it is."""
    part = rows[rows["source"] == "photographs"].reset_index(drop=True)
    if part.empty:
        return pd.DataFrame()
    sheets = [np.asarray(flat, np.float32).reshape(-1, side, side) for flat in part["pictures"]]
    counts = [len(sheet) for sheet in sheets]
    scores = _scores(np.concatenate(sheets))
    place = part.loc[np.repeat(part.index, counts), ["scrambled", "method", "trial"]].reset_index(drop=True)
    table = place.assign(atom=np.concatenate([np.arange(n) for n in counts]), **scores)
    edge = (table["r2"] >= EDGE_R2) & (table["area"] <= EDGE_AREA) & (table["orientation"] >= EDGE_ORIENTATION)
    return table.assign(edge=edge)


def edge_table(atoms: pd.DataFrame) -> pd.DataFrame:
    """Per kind of image and method: share of edges among the atoms, and means of what makes one.

    Intervals are 95% Student t intervals over trials; `behind` is the paired difference of the shares to the method
    with the largest, on the same patches.
    """
    columns = {"edge": "edges", "r2": "gabor_r2", "area": "area", "orientation": "orientation"}
    records = []
    for scrambled, part in atoms.groupby("scrambled", sort=True):
        means = part.groupby(["method", "trial"], sort=False)[list(columns)].mean(numeric_only=False).astype(float)
        shares = means["edge"].unstack("method")
        order = shares.mean().sort_values(ascending=False, kind="stable").index
        best = order[0]
        for method in order:
            record = {"source": kind_name("photographs", scrambled), "method": method}
            for column, name in columns.items():
                record |= _named(name, mean_interval(means[column].unstack("method")[method].to_numpy()))
            record |= _named("behind", paired_difference(shares[best], shares[method]))
            records.append({**record, "n_trials": len(shares)})
    return pd.DataFrame.from_records(records)


def kind_name(source: Any, scrambled: Any) -> str:
    """What is decomposed, in a word."""
    return "scrambled" if scrambled else str(source)


def _scores(atoms: np.ndarray) -> dict[str, np.ndarray]:
    """Gabor fit, area and orientation of many atoms, some at a time."""
    n_atoms = len(atoms)
    padded = np.concatenate([atoms, np.ones((-n_atoms % _AT_ONCE, *atoms.shape[1:]), atoms.dtype)])

    def one_batch(batch: jax.Array) -> tuple[jax.Array, ...]:
        return fit_gabor(batch).r2, area_fraction(batch), orientation_selectivity(batch)

    batches = jnp.asarray(padded).reshape(-1, _AT_ONCE, *atoms.shape[1:])
    found = jax.jit(lambda b: jax.lax.map(one_batch, b))(batches)
    return {
        name: np.asarray(values, float).reshape(-1)[:n_atoms]
        for name, values in zip(("r2", "area", "orientation"), found, strict=True)
    }


def _named(name: str, found: Interval) -> dict[str, float]:
    first, prefix = (name, f"{name}_") if name else ("mean", "")
    return {first: float(found.estimate), f"{prefix}low": float(found.low), f"{prefix}high": float(found.high)}


def _verdict(apart: Interval) -> str:
    if apart.low > 0:
        return "better"
    return "worse" if apart.high < 0 else "undecided"
