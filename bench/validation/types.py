"""float64 in, float64 out, and no worse for it."""

import numpy as np

from bench.validation.check import Findings, judge, skipped
from bench.validation.problems import usual
from bench.validation.subject import Coder, relative_errors


def check_types(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """Both floating types, whatever the run's own."""
    name = "float64"
    if coder.method.host:
        reason = "the method runs on the host with NumPy; what it returns is brought to the observations' type"
        return Findings([skipped(name, reason)])
    problem = usual(seed, "types")
    single, double = (coder.solve(problem, precision_of=kind).codes for kind in ("float32", "float64"))
    kept = single.dtype == np.float32 and double.dtype == np.float64
    low, high = (float(np.median(relative_errors(problem.codes, codes))) for codes in (single, double))
    bound = max(1.1 * low, 1e-3)
    return Findings(
        [
            judge(
                name,
                kept and high <= bound,
                high,
                bound,
                f"{'types are kept' if kept else f'float64 comes back as {double.dtype}, float32 as {single.dtype}'}; "
                f"median error {high:.1e} in float64 and {low:.1e} in float32 (at most 1.1 times that, and no less "
                "than 1e-3).",
            )
        ]
    )
