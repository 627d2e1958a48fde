"""Published figures, measured again: the paper's reference, what comes out here, and a rule that decides."""

from collections.abc import Iterator
from pathlib import Path

from bench.errors import UserError
from bench.words import suggest

REFERENCE = "Elhage et al. 2022, Toy models of superposition"

STUDY = "toy-superposition"


def list_figures() -> Iterator[str]:
    """A line per figure: its name, and where it is from."""
    from bench.studies.toy_superposition.experiments import EXPERIMENTS

    for name, one in EXPERIMENTS.items():
        yield f"{name:16} {REFERENCE}; {one.section}"


def reproduce(figure: str, *, results: Path | None, preset: str) -> tuple[bool, list[str], Path]:
    """Measure one figure, or `all`, and judge it; what is in the folder already is kept.

    Returns whether every figure passes, the lines to print, and the report's path. Raises UserError for an unknown
    figure or preset, or a folder that holds another run.
    """
    from bench.draw import draw_report, read_results
    from bench.run import run_study
    from bench.spec import load_spec, spec_digest
    from bench.studies import get_study
    from bench.studies.toy_superposition.experiments import EXPERIMENTS
    from bench.studies.toy_superposition.report import judgements

    if figure != "all" and figure not in EXPERIMENTS:
        raise UserError(f"no figure {figure!r}; {suggest(figure, [*EXPERIMENTS, 'all'])}")
    study = get_study(STUDY)
    spec = load_spec(study, preset=preset, settings=() if figure == "all" else (f"figure={figure}",))
    folder = results or Path("runs") / f"reproduce-{figure}-{spec_digest(spec)[:8]}"
    run_study(study, spec, folder)
    _, page = draw_report(folder)
    judged = judgements(read_results(folder)[1])
    lines = []
    for name, one in judged.items():
        experiment = EXPERIMENTS[name]
        lines += [
            f"{name} ({REFERENCE}; {experiment.section})",
            f"  paper:   {experiment.paper}",
            f"  ours:    {one.ours}",
            f"  rule:    {experiment.rule}",
            f"  verdict: {'pass' if one.passed else 'differs'}",
        ]
    passed = sum(one.passed for one in judged.values())
    return passed == len(judged), [*lines, f"{passed} of {len(judged)} figures pass"], page
