"""From names of contests to runs, a table of ratios, and a report."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from analysis.figures import Panel, RankFacet, rank_plot
from bench.compare.contest import Contest, hold
from bench.compare.contests import autoencoder, basis_pursuit, dictionary_learning, phase_diagram, sparse_coding
from bench.compare.contests import toy_models as toys
from bench.compare.tables import sentence, summary
from bench.cores import usable_cores
from bench.errors import UserError
from bench.manifest import environment
from bench.replaced_folder import check_folder, replaced
from bench.report import ReportContent, write_report
from bench.store import write_atomically
from bench.words import suggest

CONTESTS: dict[str, Contest] = {
    one.name: one
    for one in (
        phase_diagram.CONTEST,
        basis_pursuit.CONTEST,
        sparse_coding.OMP,
        sparse_coding.LASSO,
        dictionary_learning.CONTEST,
        autoencoder.TRAINING,
        autoencoder.SAMPLING,
        *toys.CONTESTS,
    )
}

_OURS = {"comparison.json", "report.html", "tables", "figures"}


def compare(
    names: Sequence[str],
    *,
    repeats: int | None = None,
    quick: bool = False,
    seed: int = 0,
    results: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[list[str], Path]:
    """Hold the contests named, or all; returns what came out in words, and where the report is.

    Raises UserError for a contest that there is none of, or a folder that holds something else.
    """
    for name in names:
        if name not in CONTESTS:
            raise UserError(f"no contest {name!r}; {suggest(name, CONTESTS)}")
    folder = results or Path("runs") / "compare"
    check_folder(folder, ours=_OURS, marker="comparison.json", what="comparison")
    chosen = [CONTESTS[name] for name in dict.fromkeys(names)] or list(CONTESTS.values())
    runs, missing = [], set()
    for contest in chosen:
        rows, absent = hold(contest, repeats=repeats, quick=quick, seed=seed, say=say)
        runs.append(rows)
        missing |= set(absent)
    tables = [summary(rows, contest) for rows, contest in zip(runs, chosen, strict=True)]
    sentences = [sentence(table, contest) for table, contest in zip(tables, chosen, strict=True)]
    if missing:
        sentences.append(
            f"Not installed, and not compared with: {', '.join(sorted(missing))} "
            "(pip install 'superposed[compare]', for other autoencoders 'superposed[compare-autoencoders]')."
        )
    content = ReportContent(
        title="Comparison",
        question="How long do this package and others take for the same problems, and how good is what comes out?",
        sentences=sentences,
        panels=[_panel(table, contest) for table, contest in zip(tables, chosen, strict=True)],
        tables={
            "summary": pd.concat(tables, ignore_index=True),
            **{f"runs-{contest.name}": rows for rows, contest in zip(runs, chosen, strict=True)},
        },
        notes=_notes(chosen, quick),
        failures_title="What is missing",
        failures=[f"{name} is not installed" for name in sorted(missing)],
        no_failures="Nothing: every package that is compared with was there.",
    )
    settings = {"contests": [one.name for one in chosen], "quick": quick, "seed": seed, "threads": usable_cores()}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    manifest = environment()
    with replaced(folder) as fresh:
        write_report(fresh, content, spec_text=text, manifest=manifest)
        write_atomically(fresh / "comparison.json", (json.dumps(settings | manifest, indent=2) + "\n").encode())
    return sentences, folder / "report.html"


def _panel(table: pd.DataFrame, contest: Contest) -> Panel:
    table = table.sort_values("ratio")
    low, high = (table[name].fillna(table["ratio"]).to_numpy() for name in ("ratio_low", "ratio_high"))
    tips = [
        f"{row['entrant']} {row['version']}: {row['seconds']:.3g} s, start {row['start_seconds']:.3g} s"
        for row in table.to_dict("records")
    ]
    groups = ["superposed" if name == "superposed" else "others" for name in table["package"]]
    facet = RankFacet("", table["entrant"].tolist(), table["ratio"].to_numpy(), low, high, groups, tips=tips)
    return rank_plot(
        [facet],
        name=contest.name,
        title=contest.title,
        caption=f"{contest.what} Seconds relative to our fastest, geometric mean over rounds with its 95% interval; "
        "what starting took is left out, and in the table.",
        alt=f"{contest.title}: "
        + ", ".join(f"{row['entrant']} {row['ratio']:.2g}" for row in table.to_dict("records")),
        x_label="seconds / seconds of our fastest",
    )


def _notes(contests: Sequence[Contest], quick: bool) -> list[str]:
    unwarmed = [one.name for one in contests if not one.warm]
    warmed = f"but for {', '.join(unwarmed)}, one call" if unwarmed else "one call"
    return [
        *(f"{one.name}: {one.what}" for one in contests),
        "In every round all entrants solve the same new problem, one after another, each in turn first. Everyone "
        f"is given {usable_cores()} threads and {warmed} before the clock starts; short ones are repeated for half a "
        "second. Starting is compiling for ours, importing for the others.",
        "Ratios are of wall time; an interval over rounds says nothing of other machines. Quality is computed apart "
        "from the clock.",
        *(["Quick: smaller problems and two rounds. What is fixed a call weighs more than it does in full."] * quick),
    ]


def lines() -> list[str]:
    """The contests, a line each."""
    width = max(map(len, CONTESTS))
    return [f"{name:<{width}}  {one.what}" for name, one in CONTESTS.items()]
