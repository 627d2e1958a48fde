"""How well an optimisation problem was solved, recomputed from the problem and the answer, never from the solver.

Pure JAX: every function works inside `jit` and `vmap`.
"""

from analysis.certificates import basis_pursuit, basis_pursuit_denoising, lasso

__all__ = ["basis_pursuit", "basis_pursuit_denoising", "lasso"]
