"""The studies, by name. A study's module is imported when it is asked for."""

import functools
import importlib

from bench.errors import UserError
from bench.installed import installed, loaded
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


ENTRY_POINTS = "superposed.studies"
"""The group of entry points, module:STUDY, by which an installed package adds studies of its own."""


def study_names() -> list[str]:
    """Ours, and then those of installed packages."""
    return [*MODULES, *(name for name in installed(ENTRY_POINTS) if name not in MODULES)]


def get_study(name: str, *, where: str = "") -> Study:
    """The study of that name. Raises UserError with the nearest known name, or where a package's study is none."""
    if name in MODULES:
        return importlib.import_module(MODULES[name]).STUDY
    study = _installed(name)
    if study is None:
        prefix = f"{where}: " if where else ""
        raise UserError(f"{prefix}no study {name!r}; {suggest(name, study_names())}")
    return study


@functools.cache
def _installed(name: str) -> Study | None:
    """The study of an installed package, or None where there is none of that name."""
    point = installed(ENTRY_POINTS).get(name)
    if point is None:
        return None
    study = loaded(point, "study")
    if not isinstance(study, Study) or study.name != name:
        what = f"a Study named {study.name!r}" if isinstance(study, Study) else f"of type {type(study).__name__}"
        raise UserError(f"{point.value} is {what}, where a bench.study.Study named {name!r} is due")
    return study
