"""The study's pictures."""

import numpy as np
import pandas as pd

from analysis.figures import (
    Curve,
    ImageFacet,
    Levels,
    MapFacet,
    Panel,
    RankFacet,
    Series,
    SeriesFacet,
    cut_plot,
    grey_values,
    heat_map,
    image_grid,
    rank_plot,
)
from bench.studies.real_data import tables
from bench.studies.real_data.conditions import CONDITIONS, STEPS, UNITS
from bench.studies.real_data.decompose import RAW
from bench.studies.real_data.images import SIDE
from bench.studies.real_data.networks import LABELS_PER_CLASS, N_CLASSES, N_TOP, images_of
from bench.studies.real_data.parameters import NETWORKS

_MOST_ATOMS = 36
_MOST_EXPLAINED = 4


def differences(downstream: pd.DataFrame) -> list[Panel]:
    """Codes minus raw activations, every method by every task."""
    part = downstream[downstream["method"] != RAW] if "difference" in downstream else downstream[:0]
    if part.empty:
        return []
    methods = list(dict.fromkeys(part["method"]))
    tasks = list(tables.DOWNSTREAM.values())[::-1]
    sources = list(dict.fromkeys(part["source"]))
    facets = []
    for source in sources:
        grid = part[part["source"] == source].set_index(["task", "method"])
        grid = grid.reindex(pd.MultiIndex.from_product([tasks, methods], names=["task", "method"])).reset_index()
        shape = (len(tasks), len(methods))
        tips = np.array([_difference_tip(row) for row in grid.to_dict("records")], dtype=object).reshape(shape)
        values = grid["difference"].to_numpy(float).reshape(shape)
        open_ = (grid["verdict"] == "undecided").to_numpy().reshape(shape)
        facets.append(MapFacet("", values, hatched=open_, tips=tips.tolist()))
    reach = max(0.02, float(np.nanmax(np.abs(part["difference"].to_numpy(float)))))
    return [
        heat_map(
            [facets],
            x=Levels.of_kinds("method", methods),
            y=Levels.of_kinds("task", tasks),
            value_label="codes - raw activations",
            limits=(-reach, reach),
            colour_map="PuOr",
            name="differences",
            title="Codes against raw activations",
            caption="Paired difference of accuracy, or of the area under the ROC curve, to the same classifier or "
            "detector on the raw activations: purple where codes are better, brown where they are worse. Hatched: the "
            "95% interval over trials holds 0.",
            alt="Map of the difference between codes and raw activations for every method and task, with a hatch where "
            "the interval holds zero.",
            column_titles=sources,
            hatched_label="95% interval holds 0",
        )
    ]


def _difference_tip(row: dict) -> str:
    if not np.isfinite(row["difference"]):
        return f"{row['method']}, {row['task']}: not measured"
    return (
        f"{row['method']}, {row['task']}: {row['mean']:.3f}, raw {row['raw']:.3f}, difference {row['difference']:+.3f} "
        f"[{row['difference_low']:+.3f}, {row['difference_high']:+.3f}]"
    )


def robustness(downstream: pd.DataFrame) -> list[Panel]:
    """Accuracy against the strength of each disturbance, a picture per network."""
    panels = []
    for source in dict.fromkeys(downstream["source"]) if len(downstream) else ():
        here = downstream[downstream["source"] == source].set_index(["task", "method"])
        methods = list(dict.fromkeys(here.index.get_level_values("method")))
        facets = []
        for kind, amounts in STEPS.items():
            tasks = [c.label for c in CONDITIONS if c.kind in ("clean", kind)]
            share = np.array([0.0, *amounts]) / max(amounts)
            series = [_series(here, tasks, name, share) for name in methods]
            facets.append(SeriesFacet(f"{kind}, up to {max(amounts):g}", series, [_guess()]))
        units = "; ".join(f"{kind}: {unit}" for kind, unit in UNITS.items())
        panels.append(
            cut_plot(
                facets,
                name=f"robustness-{source}",
                title=f"Accuracy under noise and shift, {source}",
                caption=f"A linear classifier trained on clean images, with 95% intervals over trials. {units}.",
                alt=f"Accuracy of a classifier on each method's codes of the {source} and on raw activations, falling "
                "as noise, shift and rotation grow.",
                x_label="share of the largest disturbance",
                y_label="accuracy",
            )
        )
    return panels


def few_labels(downstream: pd.DataFrame) -> list[Panel]:
    """Accuracy against the number of labelled images."""
    facets = []
    for source in dict.fromkeys(downstream["source"]) if len(downstream) else ():
        here = downstream[downstream["source"] == source].set_index(["task", "method"])
        tasks = [tables.DOWNSTREAM[f"accuracy_labels_{n}"] for n in LABELS_PER_CLASS]
        x = np.array(LABELS_PER_CLASS, float)
        series = [_series(here, tasks, name, x) for name in dict.fromkeys(here.index.get_level_values("method"))]
        facets.append(SeriesFacet(source, series, [Curve("chance", x, np.full(len(x), 1 / N_CLASSES), "chance")]))
    if not facets:
        return []
    return [
        cut_plot(
            facets,
            name="few-labels",
            title="Accuracy with few labels",
            caption="A linear classifier trained on this many labelled images of each of nine classes; network and "
            "dictionary saw all training images. 95% intervals over trials.",
            alt="Accuracy of a classifier on codes and on raw activations, rising with the number of labels.",
            x_label="labelled images of each class",
            y_label="accuracy",
            x_log=True,
        )
    ]


def _series(here: pd.DataFrame, tasks: list[str], method: str, x: np.ndarray) -> Series:
    part = here.reindex([(task, method) for task in tasks])
    numbers = zip(tasks, part["mean"], part["low"], part["high"], strict=True)
    tips = [f"{method}, {task}: {mean:.3f} [{low:.3f}, {high:.3f}]" for task, mean, low, high in numbers]
    return Series(method, x, part["mean"].to_numpy(), part["low"].to_numpy(), part["high"].to_numpy(), tips=tips)


def _guess() -> Curve:
    return Curve("chance", np.array([0.0, 1.0]), np.full(2, 1 / N_CLASSES), "chance")


def explanation(rows: pd.DataFrame, table: pd.DataFrame) -> list[Panel]:
    """For each class the feature that tells it best, as an image and by the images on which it is largest."""
    panels = []
    for source in [name for name in NETWORKS if (rows["source"] == name).any()]:
        here = rows[rows["source"] == source]
        first = here[here["trial"] == here["trial"].min()].set_index("method")
        facets = [_explained(source, name, first.loc[name]) for name in _chosen(table[table["source"] == source])]
        panels.append(
            image_grid(
                facets,
                name=f"explanation-{source}",
                title=f"Which features explain a class, {source}",
                caption="First trial. In each row the feature that tells a class best from the others: first its "
                "direction, decoded to pixels by the best linear map (grey is 0), then the "
                f"{N_TOP} test images on which it is largest. The class that no row shows was held out.",
                alt=f"For each class and method the decoded direction of one feature of the {source} and the {N_TOP} "
                "images on which it is most active.",
                n_columns=N_TOP + 1,
                most_facets=2,
            )
        )
    return panels


def _chosen(table: pd.DataFrame) -> list[str]:
    """Raw activations, and the learners whose single features tell classes best."""
    scores = table[table["task"] == tables.EXPLANATION["class_auroc"]].set_index("method")["mean"]
    learners = scores.drop([name for name in (RAW, *tables.REFERENCES) if name in scores])
    names = [*([RAW] if RAW in scores else []), *learners.sort_values(ascending=False, kind="stable").index]
    return (names or list(scores.index))[:_MOST_EXPLAINED]


def _explained(source: str, name: str, row: pd.Series) -> ImageFacet:
    shown = images_of(source)
    pictures = np.asarray(row["pictures"]).reshape(-1, SIDE, SIDE)
    features, signs = np.asarray(row["class_feature"]), np.asarray(row["class_sign"])
    items = np.asarray(row["class_items"]).reshape(N_CLASSES, N_TOP)
    order = [(int(row["held_out"]) + 1 + place) % 10 for place in range(N_CLASSES)]
    images, tips = [], []
    for place in np.argsort(order):
        decoded = grey_values(signs[place] * pictures[features[place]][None])
        images += [decoded, grey_values(shown.pixels[items[place]].reshape(-1, SIDE, SIDE), signed=False)]
        tips += [f"{name}: feature {features[place]} for {shown.names[order[place]]}, decoded"]
        tips += [f"{name}: image {item}, on which feature {features[place]} is large" for item in items[place]]
    return ImageFacet(name, np.concatenate(images), tips, [shown.names[one] for one in sorted(order)])


def edges(table: pd.DataFrame) -> list[Panel]:
    """Share of edges by method, photographs beside scrambled ones."""
    facets = []
    for source in dict.fromkeys(table["source"]) if len(table) else ():
        part = table[table["source"] == source]
        tips = [
            f"{row['method']}: {row['edges']:.0%} [{row['edges_low']:.0%}, {row['edges_high']:.0%}] edges, Gabor R² "
            f"{row['gabor_r2']:.2f}, area {row['area']:.2f}, orientation {row['orientation']:.2f}"
            for row in part.to_dict("records")
        ]
        facets.append(
            RankFacet(
                source,
                part["method"].tolist(),
                part["edges"].to_numpy(),
                part["edges_low"].to_numpy(),
                part["edges_high"].to_numpy(),
                [_group(name) for name in part["method"]],
                tips=tips,
            )
        )
    if not facets:
        return []
    return [
        rank_plot(
            facets,
            name="edges",
            title="Whose atoms are localised, oriented edges",
            caption=f"Share of atoms that a Gabor function explains to at least {tables.EDGE_R2:g}, whose energy lies "
            f"on at most {tables.EDGE_AREA:.0%} of the patch, and whose orientation selectivity is at least "
            f"{tables.EDGE_ORIENTATION:.2f}; 95% intervals over trials. Scrambled photographs have the same "
            "spectrum and random phases.",
            alt="Ranked share of edge-like atoms of every method, on photographs and on the same photographs with "
            "random phases.",
            x_label="share of atoms",
        )
    ]


def _group(name: str) -> str:
    if name == RAW:
        return "pixels"
    return "reference" if name in tables.REFERENCES else "learner"


def atoms(rows: pd.DataFrame, scores: pd.DataFrame, side: int) -> list[Panel]:
    """Atoms of every method in the first trial, the most Gabor-like first."""
    panels = []
    for scrambled in (0, 1):
        part = rows[(rows["source"] == "photographs") & (rows["scrambled"] == scrambled) & (rows["method"] != RAW)]
        if part.empty:
            continue
        first = part[part["trial"] == part["trial"].min()]
        facets = [_atoms(row, scores[(scores["scrambled"] == scrambled)], side) for row in first.to_dict("records")]
        word = tables.kind_name("photographs", scrambled)
        panels.append(
            image_grid(
                facets,
                name=f"atoms-{word}",
                title=f"Atoms of patches of {'scrambled ' if scrambled else ''}photographs",
                caption="First trial; each atom on a grey scale of its own, the most Gabor-like first.",
                alt=f"Sheets of {side} by {side} pixel atoms that each method learned from {word} images.",
                n_columns=6,
            )
        )
    return panels


def _atoms(row: dict, scores: pd.DataFrame, side: int) -> ImageFacet:
    own = scores[(scores["method"] == row["method"]) & (scores["trial"] == row["trial"])]
    own = own.sort_values("r2", ascending=False, kind="stable").head(_MOST_ATOMS)
    pictures = np.asarray(row["pictures"]).reshape(-1, side, side)
    tips = [
        f"{row['method']}, atom {one.atom}: Gabor R² {one.r2:.2f}, area {one.area:.2f}, "
        f"orientation {one.orientation:.2f}" + (", an edge" if one.edge else "")
        for one in own.itertuples()
    ]
    return ImageFacet(row["method"], grey_values(pictures[own["atom"].to_numpy()]), tips)
