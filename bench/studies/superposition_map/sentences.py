"""What the numbers of the map say, in words."""

import pandas as pd

from analysis.theory.counting import minimum_samples
from bench.studies.superposition_map.parameters import NULL, Fixed, known
from bench.studies.superposition_map.parameters import blind as blind_methods
from bench.studies.superposition_map.tables import RECOVERED
from bench.study import Spec

DICTIONARY = {"network": "trained network", "gaussian": "random dictionary"}


def representation(geometry: pd.DataFrame, fixed: Fixed) -> list[str]:
    """How many latents the networks hold, from the sparsest to the densest setting."""
    part = geometry[(geometry["dictionary"] == "network") & (geometry["metric"] == "represented_fraction")]
    if part.empty:
        return []
    held = part.set_index("density")["mean"]
    sparse, dense = held.index.min(), held.index.max()
    return [
        f"The networks ({fixed.n_latents} latents in {fixed.n_dims} dimensions) represent {held[sparse]:.0%} of "
        "the latents at density "
        f"{sparse:g} and {held[dense]:.0%} at {dense:g}; M/N = {fixed.n_dims / fixed.n_latents:.0%} would be "
        "one dimension each."
    ]


def theory_agreement(cells: pd.DataFrame, theory: pd.DataFrame) -> list[str]:
    """Cell by cell: does theory say recovered where the lasso is measured to recover?"""
    lasso = cells[(cells["method"] == "lasso") & (cells["metric"] == "nmse") & cells["mean"].notna()]
    sentences = []
    for name, part in lasso.groupby("dictionary", sort=True):
        both = part.merge(theory, on=["density", "noise_std"])
        measured, predicted = both["mean"] <= RECOVERED, both["lasso"] <= RECOVERED
        missed, gained = both[predicted & ~measured], both[~predicted & measured]
        ratio = (both["mean"] / both["lasso"])[both["lasso"] > 0]
        text = (
            f"Lasso, {DICTIONARY[str(name)]}: theory (state evolution of a random dictionary) and experiment "
            "agree on recovered "
            f"(NMSE <= {RECOVERED:g}) or not in {int((measured == predicted).sum())} of {len(both)} cells; "
            "measured / predicted NMSE has median "
            f"{ratio.median():.2f} and lies between {ratio.min():.2f} and {ratio.max():.2f}."
        )
        if len(missed):
            text += f" Predicted recovered, measured not: {_places(missed)}."
        if len(gained):
            text += f" Predicted not recovered, measured recovered: {_places(gained)}."
        sentences.append(text)
    return sentences


def boundary(table: pd.DataFrame) -> list[str]:
    """Up to which noise the lasso recovers at the density at which it stands most, beside the oracle floor."""
    part = table[(table["method"] == "lasso") & table["fit"].isin(["ok", "separated"])] if len(table) else table
    texts = []
    for name, own in part.groupby("dictionary", sort=True) if len(part) else ():
        row = own.iloc[int(own["noise50"].to_numpy().argmax())]
        texts.append(
            f"Lasso, {DICTIONARY[str(name)]}: half of the trials are recovered up to noise {row['noise50']:.2g} "
            f"[{row['noise50_low']:.2g}, {row['noise50_high']:.2g}] at density {row['density']:g}, its best; the "
            f"oracle floor allows {row['oracle']:.2g}."
        )
    return texts


def guarantees(table: pd.DataFrame) -> list[str]:
    """How much of what the lasso recovers theory guarantees for the very dictionary."""
    texts = []
    for name, part in table.groupby("dictionary", sort=True):
        part = part.sort_values("density")
        sparse, dense = part.iloc[0], part.iloc[-1]
        at, exact, weaker = (
            f"{sparse['density']:g}",
            sparse["exact_recovery_share"],
            sparse["nonnegative_recovery_share"],
        )
        text = (
            f"Guarantees on the very dictionaries, {DICTIONARY[str(name)]}: coherence {sparse['coherence']:.2f} at "
            f"density {at} (Welch's bound {sparse['welch_bound']:.2f}) guarantees K = {sparse['tropp_limit']:.0f}, "
            f"{dense['coherence']:.2f} at {dense['density']:g} K = {dense['tropp_limit']:.0f}; the exact recovery "
            f"condition holds on {exact:.0%} of the supports sampled at density {at}, that for non-negative codes on "
            f"{weaker:.0%}."
        )
        if "lasso_nmse" in part:
            recovered = part[part["lasso_nmse"] <= RECOVERED]
            met = int((recovered["nonnegative_recovery_share"] >= 0.5).sum())
            text += (
                f" At the lowest noise the lasso recovers at {len(recovered)} of {len(part)} densities; at {met} of "
                "these at least half of the supports meet the second condition, which is sufficient and not necessary."
            )
        texts.append(text)
    return texts


def network_against_random(comparison: pd.DataFrame) -> list[str]:
    """Is the trained geometry easier or harder than random, per method?"""
    if comparison.empty:
        return []
    parts = []
    for method, part in comparison[comparison["method"] != NULL].groupby("method", sort=False):
        counts = part["network_is"].value_counts()
        parts.append(
            f"{method} easier in {counts.get('easier', 0)}, harder in {counts.get('harder', 0)}, undecided in "
            f"{counts.get('undecided', 0)}"
        )
    return [f"Trained network against a random dictionary (NMSE, 95% intervals), cells: {'; '.join(parts)}."]


def blind(cells: pd.DataFrame, spec: Spec) -> list[str]:
    """What not knowing the dictionary costs, beside the chance level and the counting bound."""
    part = cells[cells["metric"] == "nmse"]
    texts = []
    for name, group in part.groupby("dictionary", sort=True):
        recovered = group[group["recovered"] == "yes"].groupby("method").size()
        n_cells = group.groupby("method").size().max()
        counts = [
            f"{method} {recovered.get(method, 0)}"
            for method in (*known(spec), *blind_methods(spec))
            if method in set(group["method"])
        ]
        texts.append(f"Cells recovered of {n_cells}, {DICTIONARY[str(name)]}: {', '.join(counts)}.")
    mcc = cells[(cells["metric"] == "mcc") & cells["method"].isin(blind_methods(spec))]
    if not mcc.empty:
        best = mcc.iloc[int(mcc["mean"].to_numpy().argmax())]
        texts.append(
            f"Best MCC with the dictionary unknown: {best['mean']:.3f} by {best['method']} "
            f"({DICTIONARY[best['dictionary']]}, density "
            f"{best['density']:g}, noise {best['noise_std']:g}); its chance level there is {best['chance']:.3f}."
        )
    return [*texts, *_counting(spec)]


def failures(rows: pd.DataFrame) -> str:
    """How many trials did not converge."""
    failed = rows[rows["failed"]]
    if failed.empty:
        return f"All {len(rows)} solves converged."
    by_method = ", ".join(f"{method} {count}" for method, count in failed.groupby("method").size().items())
    return (
        f"{len(failed)} of {len(rows)} solves did not converge or became non-finite ({by_method}); they are marked "
        "and left out."
    )


def _counting(spec: Spec) -> list[str]:
    fixed: Fixed = spec.fixed
    n_active = [max(1.0, density * fixed.n_latents) for density in spec.grid.density]
    possible = [k for k in n_active if k < fixed.n_dims]
    if not possible:
        return []
    least = float(minimum_samples(fixed.n_latents, fixed.n_dims, max(possible)))
    given = (
        f"Counting bound: up to {least:.0f} samples are necessary at these densities (K < M), "
        f"{fixed.n_train} were given"
    )
    if fixed.n_train < least:
        return [f"{given}: too few."]
    return [f"{given}; where a blind method fails, this bound is not what forbids it."]


def _places(part: pd.DataFrame) -> str:
    places = [f"density {row.density:g}, noise {row.noise_std:g}" for row in part.itertuples()]
    more = f" and {len(places) - 4} more cells" if len(places) > 4 else ""
    return "; ".join(places[:4]) + more
