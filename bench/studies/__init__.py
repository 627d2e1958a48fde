"""The studies, by name. A study's module is imported when it is asked for."""

import functools
import importlib
from importlib.metadata import entry_points

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


ENTRY_POINTS = "superposed.studies"
"""The group of entry points, module:STUDY, by which an installed package adds studies of its own."""


def study_names() -> list[str]:
    """Ours, and then those of installed packages."""
    return [*MODULES, *(one.name for one in entry_points(group=ENTRY_POINTS) if one.name not in MODULES)]


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
    found = entry_points(group=ENTRY_POINTS, name=name)
    if not found:
        return None
    point = next(iter(found))
    try:
        study = point.load()
    except Exception as error:
        raise UserError(f"study {name!r}, {point.value}, cannot be imported: {error!r}") from error
    if not isinstance(study, Study) or study.name != name:
        what = f"a Study named {study.name!r}" if isinstance(study, Study) else f"of type {type(study).__name__}"
        raise UserError(f"{point.value} is {what}, where a bench.study.Study named {name!r} is due")
    return study
