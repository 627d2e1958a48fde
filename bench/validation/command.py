"""From a method's name to a verdict, a report, or a refusal."""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from bench.errors import UserError
from bench.kept_programs import kept_programs
from bench.manifest import PACKAGES, environment
from bench.methods import Method, identify, load
from bench.replaced_folder import check_folder, replaced
from bench.report import ReportContent, write_report
from bench.store import write_atomically
from bench.validation.battery import run_battery
from bench.validation.check import Check, Findings

_OURS = {"verdict.json", "report.html", "tables", "figures"}


class Verdict(msgspec.Struct, frozen=True):
    """What is written to `verdict.json`."""

    method: str
    kind: str
    source: str
    sha256: str
    passed: bool
    checks: list[Check]
    versions: dict[str, str]
    seed: int
    precision: str
    quick: bool

    @property
    def failed(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.outcome == "fail"]


@kept_programs()
def validate(
    source: str, *, results: Path | None = None, quick: bool = False, precision: str = "float64", seed: int = 0
) -> tuple[Verdict, Path]:
    """Run the battery and write its report; returns the verdict and the page's path.

    Raises UserError, with nothing written, where the method cannot be loaded or breaks the contract, or the folder
    holds something else.
    """
    if not 0 <= seed < 2**63:
        raise UserError(f"seed is {seed}; it must be from 0 to 2^63 - 1")
    name, plugin = identify(source)
    folder = results or Path("runs") / f"validate-{name}"
    check_folder(folder, ours=_OURS, marker="verdict.json", what="validation")
    method = load(plugin)
    findings = run_battery(method, plugin.source, kind=precision, seed=seed, quick=quick)
    verdict = Verdict(
        method=name,
        kind=plugin.kind,
        source=plugin.source,
        sha256=plugin.sha256,
        passed=all(check.outcome != "fail" for check in findings.checks),
        checks=findings.checks,
        versions={package: importlib.metadata.version(package) for package in PACKAGES},
        seed=seed,
        precision=precision,
        quick=quick,
    )
    _write(folder, verdict, method, findings)
    return verdict, folder / "report.html"


def _write(folder: Path, verdict: Verdict, method: Method, findings: Findings) -> None:
    with replaced(folder) as fresh:
        write_report(fresh, _content(verdict, method, findings), spec_text=_spec(verdict), manifest=environment())
        text = json.dumps(msgspec.to_builtins(verdict), indent=2, allow_nan=False) + "\n"
        write_atomically(fresh / "verdict.json", text.encode())


def _content(verdict: Verdict, method: Method, findings: Findings) -> ReportContent:
    applicable = [check for check in verdict.checks if check.outcome != "not applicable"]
    where = (
        f"Method {verdict.method} ({verdict.kind}, {'on the host' if method.host else 'compiled'}): {method.summary}"
    )
    count = (
        f"Verdict: pass, all {len(applicable)} checks."
        if verdict.passed
        else f"Verdict: fail, {len(verdict.failed)} of {len(applicable)} checks."
    )
    failed = [f"{check.name}: {check.reason}" for check in verdict.failed]
    passed = [f"{check.name}: {check.reason}" for check in verdict.checks if check.outcome == "pass"]
    table = pd.DataFrame.from_records([msgspec.to_builtins(check) for check in verdict.checks])
    return ReportContent(
        title=f"Validation of {verdict.method}",
        question="Does the method do what it says, on problems whose answer is known by certificate, by theory or by "
        "symmetry?",
        sentences=[count, where, *passed],
        panels=findings.panels,
        tables={"checks": table, **findings.tables},
        notes=[
            "The method is told the same numbers as in the studies: sizes, sparsity, noise, amplitude, and theory's "
            "penalty and threshold.",
            "A check that does not apply says why in the table; it does not enter the verdict.",
            *(["Quick: fewer trials and sizes; without --quick the intervals are tighter."] if verdict.quick else []),
        ],
        failures=failed,
        failures_title="What failed",
        no_failures="Nothing: every check that applies passed.",
    )


def _spec(verdict: Verdict) -> str:
    settings: dict[str, Any] = {
        "method": verdict.method,
        "source": verdict.source,
        "sha256": verdict.sha256,
        "seed": verdict.seed,
        "precision": verdict.precision,
        "quick": verdict.quick,
    }
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
