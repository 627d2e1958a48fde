"""The command line. Imports are late: `--help` answers at once."""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from bench.errors import UserError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

_NOTHING_WRITTEN = "interrupted; nothing was written"
_ALL_KEPT = "interrupted; what is complete is kept: the same command goes on"


def _results(text: str) -> Callable[[Any], Any]:
    """The option that names the results folder."""
    return click.option("--results", type=click.Path(path_type=Path), default=None, metavar="DIR", help=text)


@contextlib.contextmanager
def _interruptible(line: str) -> Iterator[None]:
    """Ctrl-C says the line, and exits as shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(line, err=True)
        sys.exit(130)


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="superposed")
def cli() -> None:
    """When can the features that a neural network holds in superposition be recovered, and how sure are we?"""


@cli.command()
@click.argument("study", metavar="STUDY|SPEC.toml|DIR")
@click.option("--preset", default=None, help="Where unset values come from: quick (default) or full.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter, or an axis with a comma list: --set n_latents=400 --set undersampling=0.15,0.6",
)
@_results("Results folder; a folder of the same spec is resumed.  [default: runs/STUDY-<hash of the spec>]")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="FILE.py:Name",
    help="Run a coder or learner of your own as well: a file's object, an entry point, or a built-in method's name.",
)
@click.option("--precision", type=click.Choice(["float32", "float64"]), default=None, help="Of all computations.")
@click.option(
    "--adaptive",
    type=float,
    default=None,
    metavar="WIDTH",
    help="Put trials where the boundary is, until its 95% interval is no further than WIDTH from its middle.",
)
@click.option("--seed", type=int, default=None, help="Seed from which all keys derive.")
@click.option("--workers", type=click.IntRange(min=1), default=None, metavar="N", help="Processes of this machine.")
@click.option(
    "--scheduler", default=None, metavar="ADDRESS", help="A Dask scheduler that runs already: tcp://HOST:8786"
)
@click.option(
    "--slurm",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE.toml",
    help="Jobs of SLURM: jobs, cores, memory, walltime and more (docs, Run on a cluster).",
)
def run(
    study: str,
    preset: str | None,
    settings: tuple[str, ...],
    results: Path | None,
    methods: tuple[str, ...],
    precision: str | None,
    seed: int | None,
    adaptive: float | None,
    workers: int | None,
    scheduler: str | None,
    slurm: Path | None,
) -> None:
    """Run a study by name, from a spec file, or go on with a results folder; ends with a report."""
    from bench.run import run_study
    from bench.spec import spec_digest

    executor = _executor(workers, scheduler, slurm)

    overrides = {"settings": settings, "methods": methods, "precision": precision, "seed": seed, "adaptive": adaptive}
    found, spec, folder = _resolve(study, preset, overrides)
    folder = results or folder or Path("runs") / f"{found.name}-{spec_digest(spec)[:8]}"
    with _interruptible(f"interrupted; what is complete is kept: `superposed run {folder}` goes on"):
        run_study(found, spec, folder, executor=executor)
    _draw(folder)


@cli.command()
@click.argument("method", metavar="FILE.py:Name")
@click.option("--quick", is_flag=True, help="Fewer trials and sizes: about a minute.")
@_results("Results folder; an earlier validation there is replaced.  [default: runs/validate-NAME]")
@click.option("--precision", type=click.Choice(["float32", "float64"]), default="float64", help="Of the method.")
@click.option("--seed", type=int, default=0, help="Seed of all problems.")
def validate(method: str, quick: bool, results: Path | None, precision: str, seed: int) -> None:
    """Check a coder, learner or trainer (FILE.py:Name, an entry point, a built-in name) against certified solutions,
    theory and symmetries. Exits with 1 where a check fails.
    """
    from bench.validation import validate as check

    with _interruptible(_NOTHING_WRITTEN):
        verdict, page = check(method, results=results, quick=quick, precision=precision, seed=seed)
    for one in verdict.failed:
        click.echo(f"failed: {one.name}: {one.reason}")
    n_checks = sum(one.outcome != "not applicable" for one in verdict.checks)
    click.echo("verdict: pass" if verdict.passed else f"verdict: fail ({len(verdict.failed)} of {n_checks} checks)")
    click.echo(f"report: {page}")
    sys.exit(0 if verdict.passed else 1)


@cli.command()
@click.argument("activations", metavar="ACTIVATIONS", type=click.Path(path_type=Path))
@click.option(
    "--method", required=True, metavar="METHOD", help="A learner: a built-in name, an entry point, FILE.py:Name."
)
@click.option("--n-atoms", type=click.IntRange(min=1), default=None, help="Atoms to learn.  [default: twice the width]")
@click.option(
    "--n-active", type=click.IntRange(min=1), default=None, help="Active atoms per row that methods are told."
)
@click.option(
    "--sign",
    type=click.Choice(["auto", "nonnegative", "signed"]),
    default="auto",
    show_default=True,
    help="Of the codes; auto: whichever predicts hidden coordinates better.",
)
@click.option("--noise-std", type=float, default=0.0, help="Noise per coordinate that methods are told.")
@click.option("--key", default=None, metavar="NAME", help="Which array of a .npz or .safetensors, or Parquet column.")
@click.option("--clean", is_flag=True, help="Leave out rows that are not finite or repeat, and constant columns.")
@click.option("--max-train", type=click.IntRange(min=20), default=50_000, show_default=True, help="Rows to learn from.")
@click.option("--format", "form", type=click.Choice(["safetensors", "npy"]), default="safetensors", show_default=True)
@_results("Results folder; an earlier decomposition there is replaced.  [default: runs/decompose-FILE-METHOD]")
@click.option("--precision", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the split and of the learner.")
def decompose(activations: Path, method: str, key: str | None, clean: bool, results: Path | None, **given: Any) -> None:
    """Learn a dictionary of your own ACTIVATIONS (.npy, .npz, .safetensors, .parquet or .csv of samples x dimensions)
    and write it with the codes of all rows and a report.
    """
    from bench.decompose import Settings, sentences
    from bench.decompose import decompose as fit

    settings = Settings(
        n_atoms=given["n_atoms"] or 0,
        n_active=given["n_active"] or 0,
        sign=given["sign"],
        noise_std=given["noise_std"],
        max_train=given["max_train"],
        form=given["form"],
        precision=given["precision"],
        seed=given["seed"],
    )
    with _interruptible(_NOTHING_WRITTEN):
        summary, folder = fit(activations, method, settings, key=key, clean=clean, results=results)
    for line in summary.left_out:
        click.echo(f"left out: {line}", err=True)
    for line in sentences(summary):
        click.echo(line)
    click.echo(f"report: {folder / 'report.html'}")
    click.echo(f"results: {folder}")


@cli.command()
@click.argument("activations", metavar="ACTIVATIONS", type=click.Path(path_type=Path))
@click.option("--key", default=None, metavar="NAME", help="Which array of a .npz or .safetensors, or Parquet column.")
@click.option("--clean", is_flag=True, help="Leave out rows that are not finite or repeat, and constant columns.")
@click.option("--centre", is_flag=True, help="Subtract the mean first.")
@click.option("--max-rows", type=click.IntRange(min=100), default=10_000, show_default=True, help="Rows to use.")
@_results("Results folder; an earlier diagnosis there is replaced.  [default: runs/diagnose-FILE]")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of rows, halves and learners.")
def diagnose(
    activations: Path, key: str | None, clean: bool, centre: bool, max_rows: int, results: Path | None, seed: int
) -> None:
    """Say in minutes, without truth, whether the features of your own ACTIVATIONS (.npy, .npz, .safetensors, .parquet
    or .csv of samples x dimensions) can be recovered: go, uncertain or no-go, and why.
    """
    from bench.diagnosis.command import diagnose as examine
    from bench.diagnosis.records import Settings

    settings = Settings(seed=seed, max_rows=max_rows, centre=centre)
    say = functools.partial(click.echo, err=True)
    with _interruptible(_NOTHING_WRITTEN):
        found, page = examine(activations, settings, key=key, clean=clean, results=results, say=say)
    click.echo(f"verdict: {found.verdict}")
    for line in (*found.reasons, *found.warnings):
        click.echo(line)
    if found.command is not None:
        click.echo(f"next: {found.command}")
    click.echo(f"report: {page}")


@cli.command()
@click.argument("figure", required=False)
@click.option("--list", "listing", is_flag=True, help="List the figures.")
@click.option("--preset", default="quick", show_default=True, help="Sizes: quick or full.")
@_results("Results folder; a folder of the same figure is resumed.  [default: runs/reproduce-FIGURE-<hash>]")
def reproduce(figure: str | None, listing: bool, preset: str, results: Path | None) -> None:
    """Measure a published FIGURE (or all) again; a rule says whether it comes out. Exits with 1 where one differs."""
    from bench.reproduce import list_figures
    from bench.reproduce import reproduce as measure

    if listing:
        for line in list_figures():
            click.echo(line)
        return
    if figure is None:
        raise UserError("name a figure, or all; `superposed reproduce --list` lists them")
    with _interruptible(_ALL_KEPT):
        passed, lines, page = measure(figure, results=results, preset=preset)
    for line in lines:
        click.echo(line)
    click.echo(f"report: {page}")
    sys.exit(0 if passed else 1)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("answers", metavar="ANSWERS...", nargs=-1, required=True, type=click.Path(path_type=Path))
def intrusion(folder: Path, answers: tuple[Path, ...]) -> None:
    """Score what people answered on the page DIR/intrusion/page.html: files of JSON or CSV that it saved."""
    from bench.intrusion import score_answers
    from bench.report.page import csv_bytes, write_file
    from bench.store import writing

    scores = score_answers(folder / "intrusion" / "key.json", answers)
    for row in scores.to_dict("records"):
        click.echo(
            f"{row['group']}: {row['n_right']} of {row['n_answers']} intruders found, {row['share']:.2f} "
            f"[{row['low']:.2f}, {row['high']:.2f}], chance {row['chance']:.2f}; the computed judge {row['judged']:.2f}"
        )
    file = folder / "intrusion" / "scores.csv"
    with writing(file):
        click.echo(f"scores: {write_file(file, csv_bytes(scores))}")


@cli.command()
@click.argument("contests", metavar="[CONTEST]...", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="List the contests.")
@click.option("--quick", is_flag=True, help="Smaller problems, two rounds.")
@click.option(
    "--repeats", type=click.IntRange(min=1), default=None, help="Rounds, instead of the contest's own number."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the problems.")
@_results("Results folder; an earlier comparison there is replaced.  [default: runs/compare]")
def compare(
    contests: tuple[str, ...], listing: bool, quick: bool, repeats: int | None, seed: int, results: Path | None
) -> None:
    """Time this package and others (extras `compare`: scikit-learn, SPAMS, PyTorch, and `compare-autoencoders`:
    SAELens, dictionary_learning, Overcomplete; HiGHS from SciPy) on the same problems, all contests or those named:
    ratios with intervals, quality beside time.
    """
    from bench.compare import compare as hold
    from bench.compare.command import lines

    if listing:
        for line in lines():
            click.echo(line)
        return
    say = functools.partial(click.echo, err=True)
    with _interruptible(_NOTHING_WRITTEN):
        sentences, page = hold(contests, repeats=repeats, quick=quick, seed=seed, results=results, say=say)
    for sentence in sentences:
        click.echo(sentence)
    click.echo(f"report: {page}")


@cli.command(name="new-solver")
@click.argument("name")
@click.option("--learner", is_flag=True, help="A dictionary learner, not a coder.")
def new_solver(name: str, learner: bool) -> None:
    """Write NAME.py, a method that works and says in its comments how to make it one's own."""
    from bench.validation import write_template

    path, object_name = write_template(name, learner=learner)
    click.echo(f"wrote {path}; check it by: superposed validate {path}:{object_name} --quick")


@cli.command(name="list")
def list_() -> None:
    """List studies, coders (given the dictionary), trainers (given codes), learners and worlds, a line each."""
    from bench.catalogue import lines

    for line in lines():
        click.echo(line)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Draw the report of a results folder again, from its shards alone; or of a diagnosis or a decomposition."""
    _draw(folder)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def verify(folder: Path) -> None:
    """Check that a results folder is whole: every chunk is there and its shard what was written. Writes nothing; exits
    with 1 where something is missing or damaged.
    """
    from bench.verify import verify as check

    found = check(folder)
    for line in found.lines():
        click.echo(line)
    sys.exit(0 if found.whole else 1)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def compact(folder: Path) -> None:
    """Put the shards of a complete results folder into one archive, shards.zip. All other commands go on as before."""
    from bench.compact import compact as pack

    with _interruptible("interrupted; nothing is lost: the same command goes on"):
        click.echo(pack(folder))


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_results("Where to compute it; a folder of the same spec is resumed.  [default: DIR-rerun]")
def rerun(folder: Path, results: Path | None) -> None:
    """Compute a results folder anew from its spec and compare the two. Exits with 1 where they differ."""
    from bench.verify import rerun as compare

    again = results or Path(f"{folder if folder.name else folder.resolve()}-rerun")
    with _interruptible(_ALL_KEPT):
        same, lines = compare(folder, again)
    for line in lines:
        click.echo(line)
    sys.exit(0 if same else 1)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "parquet"]), required=True)
@click.option(
    "--output", type=click.Path(path_type=Path), default=None, metavar="FILE", help="[default: DIR/rows.FORMAT]"
)
def export(folder: Path, form: str, output: Path | None) -> None:
    """Write all rows (one per point, method and trial) to one file."""
    from bench.export import export_rows

    click.echo(export_rows(folder, form, output or folder / f"rows.{form}"))


def _resolve(name: str, preset: str | None, overrides: dict[str, Any]):
    """A study's name, a spec file or a results folder -> study, spec, and the folder if one was named."""
    from bench.spec import load_spec, read_table
    from bench.studies import get_study

    path = Path(name)
    if path.is_dir():
        folder, path = path, path / "spec.toml"
        if not path.exists():
            raise UserError(f"{folder} is no results folder: it has no spec.toml")
    elif path.suffix != ".toml" and not path.exists():
        study = get_study(name)
        return study, load_spec(study, preset=preset or "quick", **overrides), None
    else:
        folder = None
    table = read_table(path)
    if not isinstance(table.get("study"), str):
        raise UserError(f'{path}: it names no study; write study = "donoho-tanner", say')
    study = get_study(table["study"], where=str(path))
    spec = load_spec(study, preset=preset or "quick", table=table, where=str(path), **overrides)
    return study, spec, folder


def _executor(workers: int | None, scheduler: str | None, slurm: Path | None):
    """Where chunks are computed; None: in this process."""
    given = [name for name, value in (("workers", workers), ("scheduler", scheduler), ("slurm", slurm)) if value]
    if len(given) > 1:
        raise UserError(f"--{given[0]} and --{given[1]} exclude each other")
    if not given:
        return None
    from bench.executors.on_dask import OnDask, cluster_at, local_workers

    if workers is not None:
        return OnDask(functools.partial(local_workers, workers))
    if scheduler is not None:
        return OnDask(functools.partial(cluster_at, scheduler))
    from bench.executors.on_slurm import read_jobs, slurm_workers

    assert slurm is not None
    return OnDask(functools.partial(slurm_workers, read_jobs(slurm)))


def _draw(folder: Path) -> None:
    from bench.draw import draw

    sentences, page = draw(folder)
    for sentence in sentences:
        click.echo(sentence)
    click.echo(f"report: {page}")


def main() -> None:
    """Entry point of the command."""
    try:
        cli()
    except UserError as error:
        click.echo(f"superposed: {error}", err=True)
        sys.exit(2)
