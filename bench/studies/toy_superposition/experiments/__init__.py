"""The figures, one a file."""

from bench.studies.toy_superposition.experiment import Experiment
from bench.studies.toy_superposition.experiments import (
    absolute_value,
    adversarial,
    bias,
    correlation,
    dimensionality,
    dynamics,
    phases,
    polytopes,
)

EXPERIMENTS: dict[str, Experiment] = {
    one.name: one
    for one in (
        polytopes.EXPERIMENT,
        phases.ONE_DIM,
        phases.TWO_DIMS,
        dimensionality.EXPERIMENT,
        bias.EXPERIMENT,
        correlation.EXPERIMENT,
        absolute_value.EXPERIMENT,
        adversarial.EXPERIMENT,
        dynamics.EXPERIMENT,
    )
}
