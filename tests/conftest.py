"""What holds for every test."""

import os

# Before NumPy, SciPy or JAX are imported; see bench/__init__.py.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
