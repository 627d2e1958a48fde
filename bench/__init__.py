"""Studies, points, chunks, store, executors, report and the command line: what wires the three rooms."""

import os

# JAX's small factorisations and triangular solves go through SciPy's OpenBLAS, whose threads wait for each other far
# longer than a 64 x 64 solve takes (160 times where cores are shared). XLA's own products keep their threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# jaxlib takes hints to LLVM for features of the processor: of every program that was compiled before, on the same
# machine, it says two pages about what it cannot run, and runs it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
