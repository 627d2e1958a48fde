"""Studies, points, chunks, store, executors, report and the command line: what wires the three rooms."""

import os

# JAX's small factorisations and triangular solves go through SciPy's OpenBLAS, whose threads wait for each other far
# longer than a 64 x 64 solve takes (160 times where cores are shared). XLA's own products keep their threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# jaxlib 0.10 splits a batched factorisation into tasks for the very pool of threads that waits for them: as many at
# once as there are cores, and the program stands still for good. In order of memory they run one after another.
_IN_ORDER = "--xla_cpu_enable_concurrency_optimized_scheduler"
if _IN_ORDER not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_IN_ORDER}=false".strip()
