"""The toy-superposition study: its worlds, and its judgements held against rows made by hand."""

import numpy as np
import pandas as pd
import pytest

from analysis.metrics import Polytope
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.toy_superposition.experiments import EXPERIMENTS
from bench.studies.toy_superposition.report import report
from bench.study import Results

STUDY = get_study("toy-superposition")

SHORT = [f"{name}=3" for name in STUDY.fixed_type.__struct_fields__ if name.endswith(("_steps", "_levels"))]
FIXED = load_spec(STUDY).fixed


@pytest.fixture(scope="module")
def tiny():
    """Every figure, of networks that were hardly trained."""
    spec = load_spec(STUDY, settings=[*SHORT, "batch_size=8", "n_eval=100", "trials=2", "phase_seeds=2"])
    tables = [evaluate_chunk(spec, chunk).rows.to_pandas() for chunk in plan(STUDY, spec)]
    return Results(pd.concat(tables, ignore_index=True), spec, pd.DataFrame())


def test_every_figure_has_its_networks_and_its_place_in_the_report(tiny):
    content = report(tiny)
    names = {panel.name for panel in content.panels}
    for name, one in EXPERIMENTS.items():
        rows = tiny.rows[tiny.rows["figure"] == name]
        assert len(rows) == len(one.worlds(tiny.spec.fixed, tiny.spec.trials))
        assert rows["loss"].notna().all()
        assert not content.tables[name].empty
        assert any(panel.startswith((name, name.split("-")[0], "polytope")) for panel in names)
    verdicts = content.tables["judgements"].set_index("figure")["verdict"]
    # Three steps of training make no polytope and no plateau.
    assert verdicts["polytopes"] == verdicts["dimensionality"] == "differs"
    assert content.sentences[0].endswith(f"of {len(EXPERIMENTS)} figures pass.")


def test_networks_of_a_figure_do_not_depend_on_the_others(tiny):
    alone = load_spec(STUDY, settings=[*SHORT, "batch_size=8", "n_eval=100", "trials=2", "figure=polytopes"])
    (chunk,) = plan(STUDY, alone)
    rows = evaluate_chunk(alone, chunk).rows.to_pandas()
    same = tiny.rows[tiny.rows["figure"] == "polytopes"].reset_index(drop=True)
    np.testing.assert_array_equal(rows["loss"], same["loss"])


def polytope_rows(kinds, losses=None):
    losses = losses or [1.0] * len(kinds)
    densities = [1.0, 0.3, 0.03] * (len(kinds) // 3)
    return pd.DataFrame({"density": densities, "polytope": kinds, "loss": losses})


def test_polytopes_are_judged_by_the_best_network():
    judge = EXPERIMENTS["polytopes"].judge
    pair, antipodal, pentagon, other = (
        Polytope.ORTHOGONAL_PAIR,
        Polytope.ANTIPODAL_PAIRS,
        Polytope.PENTAGON,
        Polytope.OTHER,
    )
    good, bad = [pair, antipodal, pentagon], [other] * 3
    assert judge(polytope_rows(good), FIXED).passed
    assert judge(polytope_rows(good + bad, [1.0] * 3 + [2.0] * 3), FIXED).passed
    assert not judge(polytope_rows(good + bad, [2.0] * 3 + [1.0] * 3), FIXED).passed
    assert not judge(polytope_rows([pair, pentagon, pentagon]), FIXED).passed
    table = EXPERIMENTS["polytopes"].table(polytope_rows(good + bad, [1.0] * 3 + [2.0] * 3), FIXED)
    assert list(table["best"]) == ["orthogonal pair", "antipodal pairs", "pentagon"]
    assert list(table["share_other"]) == [0.5] * 3


@pytest.mark.parametrize(("at_one", "at_half", "passed"), [(0.98, 0.52, True), (0.96, 0.5, False), (1.0, 0.54, False)])
def test_dimensionality_is_judged_on_both_plateaus(at_one, at_half, passed):
    inverse = np.array([1.0, 1.3, 1.6, 2.2, 3.0, 3.25, 3.5, 8.0])
    dimensions = [at_one, 1.0, 1.0, 0.8, 0.5, 0.5, at_half, 0.2]
    rows = pd.DataFrame(
        {"density": 1 / inverse, "dimensions_per_feature": dimensions, "represented_fraction": 0.5, "loss": 1.0}
    )
    assert EXPERIMENTS["dimensionality"].judge(rows, FIXED).passed == passed


def test_phases_are_judged_by_their_agreement_with_theory():
    # At these corners theory's phases are 0, 1 and 2 whatever the details.
    rows = pd.DataFrame(
        {
            "density": [1.0, 1.0, 0.01] * 4,
            "importance": [0.1, 10.0, 0.3, 0.12, 9.0, 0.4, 0.14, 8.0, 0.5, 0.16, 7.0, 0.6],
            "phase": [0, 1, 2] * 4,
            "loss": 1.0,
            "norm": 1.0,
            "superposition": 0.0,
        }
    )
    judge = EXPERIMENTS["phase-one-dim"].judge
    assert judge(rows, FIXED).passed
    one_wrong = rows.assign(phase=[1, *rows["phase"][1:]])
    assert judge(one_wrong, FIXED).passed  # 11 of 12
    two_wrong = one_wrong.assign(phase=[1, 2, *rows["phase"][2:]])
    assert not judge(two_wrong, FIXED).passed
