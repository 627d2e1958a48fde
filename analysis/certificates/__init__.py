"""How well an optimisation problem was solved, recomputed from the problem and the answer, never from the solver."""

from analysis.certificates.basis_pursuit import BasisPursuitCertificate, basis_pursuit_certificate
from analysis.certificates.lasso import lasso_duality_gap, lasso_kkt_residual

__all__ = ["BasisPursuitCertificate", "basis_pursuit_certificate", "lasso_duality_gap", "lasso_kkt_residual"]
