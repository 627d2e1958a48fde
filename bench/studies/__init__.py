"""The studies, by name. A study's module is imported when it is asked for."""

import importlib

from bench.errors import UserError
from bench.study import Study
from bench.words import suggest

MODULES = {
    "superposition-map": "bench.studies.superposition_map",
    "donoho-tanner": "bench.studies.donoho_tanner",
    "recovery-zoo": "bench.studies.recovery_zoo",
    "metric-audit": "bench.studies.metric_audit",
    "compositional-ood": "bench.studies.compositional_ood",
    "dictionary-learning": "bench.studies.dictionary_learning",
    "toy-superposition": "bench.studies.toy_superposition",
    "identifiability": "bench.studies.identifiability",
    "end-to-end": "bench.studies.end_to_end",
    "real-data": "bench.studies.real_data",
}


def get_study(name: str, *, where: str = "") -> Study:
    """The study of that name. Raises UserError with the nearest known name."""
    if name not in MODULES:
        prefix = f"{where}: " if where else ""
        raise UserError(f"{prefix}no study {name!r}; {suggest(name, MODULES)}")
    return importlib.import_module(MODULES[name]).STUDY
