"""Truth and estimate in; numbers, theory curves, boundaries and figures out.

- `analysis.metrics`: how well codes, supports and dictionaries were recovered (JAX; inside `jit` and `vmap`);
- `analysis.certificates`: how well an optimisation problem was solved, recomputed from the problem alone (JAX);
- `analysis.theory`: what theory predicts (float64, NumPy);
- `analysis.statistics`: intervals and the 50 % boundary of a success curve (float64, NumPy);
- `analysis.comparison`: statements about two conditions, or about experiment and theory;
- `analysis.figures`: drawings.

Nothing is imported here: each part is imported by its own name, so that a caller pays only for what it uses. Works are
cited by their key in `references.bib`, in square brackets.
"""
