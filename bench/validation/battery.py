"""All checks of a kind of method, in order, with a line of progress each."""

import sys
import time
from collections.abc import Callable, Iterable

from bench.methods import Method
from bench.precision import precision
from bench.validation.agreement import check_agreement
from bench.validation.boundary import check_boundary
from bench.validation.check import Check, Findings, judge, skipped
from bench.validation.dictionaries import check_dictionaries
from bench.validation.edges import check_edges
from bench.validation.learning import check_learning
from bench.validation.noise import check_noise
from bench.validation.problems import usual
from bench.validation.repeat import check_repetition
from bench.validation.speed import check_speed
from bench.validation.subject import Coder, insane_statuses
from bench.validation.symmetry import check_symmetry
from bench.validation.training import check_training
from bench.validation.types import check_types

Family = tuple[str, Callable[[], Findings]]


def run_battery(method: Method, source: str, *, kind: str, seed: int, quick: bool) -> Findings:
    """Every check of the method, in precision `kind`. Raises UserError where it breaks the contract."""
    families = list(_families(method, source, kind, seed, quick))
    checks, tables, panels = [], {}, []
    for place, (name, run) in enumerate(families, 1):
        print(f"{place}/{len(families)} {name} ...", end=" ", file=sys.stderr, flush=True)
        start = time.perf_counter()
        try:
            with precision(kind):
                found = run()
        except BaseException:
            print(file=sys.stderr, flush=True)
            raise
        checks += found.checks
        tables |= found.tables
        panels += found.panels
        print(f"{_count(found.checks)}, {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    return Findings(checks, tables, panels)


def _families(method: Method, source: str, kind: str, seed: int, quick: bool) -> Iterable[Family]:
    if method.kind == "coder":
        return _of_a_coder(Coder(method, precision=kind), source, seed, quick)
    check = check_learning if method.kind == "learner" else check_training
    others = {
        "agreement with certified solutions": "no dictionary is given, so that there is no convex problem to agree on",
        "50% boundary": "theory's boundary is that of a known dictionary",
        "noise sensitivity": "theory's error is that of a known dictionary",
        "dictionaries": "it makes its own dictionary",
        "symmetry of the atoms": "its atoms have no given order or sign",
    }
    if method.kind == "trainer":
        others = {
            "agreement with certified solutions": "a trained coder solves no convex problem",
            "50% boundary": "the study donoho-tanner draws no training data",
            "noise sensitivity": "theory's worst case is that of the lasso",
            "dictionaries": "it is trained for one dictionary",
            "symmetry of the atoms": "it is trained for one dictionary",
        }
    return [
        *check(method, kind, seed=seed, quick=quick),
        ("checks of coders", lambda: Findings([skipped(name, reason) for name, reason in others.items()])),
    ]


def _of_a_coder(coder: Coder, source: str, seed: int, quick: bool) -> Iterable[Family]:
    numbers = {"seed": seed, "quick": quick}
    return [
        ("contract", lambda: _contract(coder, seed)),
        ("agreement with certified solutions", lambda: check_agreement(coder, **numbers)),
        ("50% boundary", lambda: check_boundary(coder, source, **numbers)),
        ("noise sensitivity", lambda: check_noise(coder, **numbers)),
        ("dictionaries", lambda: check_dictionaries(coder, **numbers)),
        ("edges", lambda: check_edges(coder, **numbers)),
        ("symmetry", lambda: check_symmetry(coder, **numbers)),
        ("determinism and independence", lambda: check_repetition(coder, **numbers)),
        ("precision", lambda: check_types(coder, **numbers)),
        ("speed", lambda: check_speed(coder, **numbers)),
    ]


def _contract(coder: Coder, seed: int) -> Findings:
    """Before all else: what raises, or is no answer, on a well-posed problem of any batch size is refused."""
    problem = usual(seed, "contract", noise_std=0.01)
    answer = coder.solve(problem)
    coder.solve(problem.take(slice(0, 1)))
    insane = insane_statuses(answer)
    return Findings(
        [
            judge(
                "contract",
                insane == 0,
                insane,
                0,
                f"codes and statuses have their shapes, in a batch and alone; {insane} of {len(answer.status)} "
                "statuses contradict the codes (NON_FINITE goes with codes that are not finite).",
            )
        ]
    )


def _count(checks: list[Check]) -> str:
    bad = sum(check.outcome == "fail" for check in checks)
    return f"{len(checks)} checks, {bad} failed" if bad else f"{len(checks)} checks"
