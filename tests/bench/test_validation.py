"""Every check of `superposed validate` passes a sound method and finds the mutant that it is there for."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.theory import noise_sensitivity
from bench.errors import UserError
from bench.methods import identify, load
from bench.methods.built_in import built_in
from bench.methods.method import Method
from bench.validation.agreement import check_agreement
from bench.validation.battery import run_battery
from bench.validation.boundary import check_boundary
from bench.validation.dictionaries import check_dictionaries
from bench.validation.edges import check_edges
from bench.validation.learning import check_learning
from bench.validation.noise import _unpenalised, check_noise
from bench.validation.problems import usual
from bench.validation.reference import l1_solves, lasso_gaps
from bench.validation.repeat import check_repetition
from bench.validation.subject import Answer, Coder, insane_statuses, relative_errors
from bench.validation.symmetry import check_symmetry
from bench.validation.template import write_template
from bench.validation.types import check_types
from recovery.coders import Fista
from recovery.encoders.one_pass import one_pass_solution

MUTANTS = Path(__file__).with_name("mutants.py")
FAMILIES = {
    "agreement": check_agreement,
    "noise": check_noise,
    "dictionaries": check_dictionaries,
    "edges": check_edges,
    "symmetry": check_symmetry,
    "repetition": check_repetition,
    "types": check_types,
}


def coder(name, kind="float64"):
    return Coder(load(identify(f"{MUTANTS}:{name}")[1]), precision=kind)


def failures(findings):
    return [check.name for check in findings.checks if check.outcome == "fail"]


@pytest.mark.parametrize("name", ["Sound", "sklearn_omp", "sklearn_lasso"])
@pytest.mark.filterwarnings("ignore:.*Orthogonal matching pursuit ended prematurely")
def test_sound_methods_pass(name):
    subject = coder(name)
    for family, check in FAMILIES.items():
        found = check(subject, seed=0, quick=True)
        assert failures(found) == [], family
        assert all(c.reason for c in found.checks)


@pytest.mark.parametrize(
    ("name", "family", "expected"),
    [
        ("OneTooFew", "agreement", {"agreement, signed codes", "agreement, non-negative codes"}),
        ("OffByFivePercent", "agreement", {"agreement, signed codes", "agreement, non-negative codes"}),
        ("AtomsReversed", "symmetry", {"order of the atoms", "signs of the atoms"}),
        ("SamplesShifted", "repetition", {"independence of samples"}),
        ("Unrepeatable", "repetition", {"determinism"}),
        ("BatchNormalised", "repetition", {"independence of samples"}),
        ("NothingIsNan", "edges", {"edge, K = 0"}),
        ("SignIgnored", "agreement", {"agreement, signed codes"}),
        ("nan_swallowed", "edges", {"edge, nan in one sample", "edge, inf in one sample"}),
        ("RaisesOnNan", "edges", {"edge, nan in one sample", "edge, inf in one sample"}),
        ("AbsoluteTolerance", "symmetry", {"scale of the observations, 0.01"}),
        ("UnitNormsAssumed", "dictionaries", {"dictionary, scaled"}),
        ("sklearn_bare_omp", "dictionaries", {"dictionary, scaled"}),
        ("FirstAtomsPreferred", "symmetry", {"order of the atoms"}),
        ("single_precision", "types", {"float64"}),
        ("lasso_of_another_penalty", "agreement", {"objective, signed codes", "objective, non-negative codes"}),
    ],
)
def test_each_mutant_fails_by_its_check(name, family, expected):
    assert set(failures(FAMILIES[family](coder(name), seed=0, quick=True))) == expected


def test_a_lasso_that_stops_early():
    found = failures(check_agreement(coder("lasso_stopped_early"), seed=0, quick=True))
    assert {"objective, signed codes", "agreement, signed codes"} <= set(found)


def test_noise_that_is_explained_and_a_truth_that_is_seen():
    found = check_noise(coder("noise_explained"), seed=0, quick=True)
    assert "noise, signed codes, 0.25 of the transition" in failures(found)
    # Nothing that a method is given holds the truth: here it is handed over.
    oracle = SimpleNamespace(
        method=Method("oracle", "", "coder", lambda knowledge: None),
        solve=lambda problem: Answer(problem.codes, np.zeros(len(problem.codes), int)),
    )
    found = failures(check_noise(oracle, seed=0, quick=True))
    assert found == [f"not too good, signed codes, {share} of the transition" for share in (0.25, 0.5, 0.75)]


def test_boundary_of_a_method_that_recovers_nothing():
    """A sound one's is measured by the end-to-end test of the template."""
    found = check_boundary(coder("OneTooFew"), f"{MUTANTS}:OneTooFew", seed=0, quick=True)
    assert failures(found) == [f"boundary, {sign} codes, delta = 0.5" for sign in ("non-negative", "signed")]
    assert set(found.tables["boundary"]["method"]) == {"one-too-few", "basis-pursuit"}
    assert [panel.name for panel in found.panels] == ["boundary"]


def test_unpenalised_error_is_above_the_best_penalised_one():
    """No penalty is one of those among which the best is the minimum; and it recovers up to the same transition."""
    for sign in ("signed", "nonnegative"):
        ratios = np.array([0.05, 0.1, 0.2])
        unpenalised = np.array([_unpenalised(0.5, ratio, sign) for ratio in ratios])
        assert np.all(unpenalised > noise_sensitivity(0.5, ratios, sign))
    assert np.isinf(_unpenalised(0.5, 0.45, "signed"))  # above the transition


def test_references_certify():
    problem = usual(3, "reference")
    assert np.all(l1_solves(problem))
    codes = Coder(built_in()["fista"], precision="float64").solve(problem).codes
    assert np.all(lasso_gaps(problem, codes) <= Fista(penalty=1.0).tolerance)
    assert np.all(lasso_gaps(problem, 1.5 * codes) > 1e-2)


def test_relative_errors_and_statuses_by_hand():
    truth, codes = np.array([[3.0, 4.0], [0, 0], [0, 0], [1, 0]]), np.array([[3.0, 4.5], [0, 0], [1, 0], [np.nan, 0]])
    np.testing.assert_allclose(relative_errors(truth, codes), [0.1, 0, np.inf, np.inf])
    # Right, NON_FINITE of finite codes, no status at all, CONVERGED of NaN.
    assert insane_statuses(Answer(codes, np.array([0, 2, 7, 0]))) == 3


def test_learners():
    """The null learner fails by both recoveries, and by nothing else."""
    families = check_learning(built_in()["unrelated"], "float64", seed=0, quick=True)
    found = [name for _, run in families[:5] for name in failures(run())]
    assert found == ["recovery of the dictionary", "codes of fresh samples"]


class Trainer:
    """Correlations, which no training improved; or the lasso, which stands for one that worked."""

    def __init__(self, known):
        self.known = known

    def train(self, dictionary, observations, codes, *, key):
        known = self.known

        def encoder(dictionary, observations):
            if known:
                return Fista(penalty=1e-2)(dictionary, observations)
            return one_pass_solution(dictionary, observations, observations @ dictionary)

        return SimpleNamespace(dictionary=dictionary, encoder=encoder)


@pytest.mark.parametrize("known", [True, False])
def test_trainers(known):
    method = Method("mine", "", "trainer", lambda knowledge: Trainer(known))
    found = run_battery(method, "mine", kind="float64", seed=0, quick=True)
    assert failures(found) == ([] if known else ["fresh samples"])
    assert [c.name for c in found.checks if c.outcome == "not applicable"][-1] == "symmetry of the atoms"


def test_what_a_method_says_it_solves():
    assert built_in()["fista"].solves == "lasso"
    assert coder("lasso_stopped_early").method.solves == coder("sklearn_lasso").method.solves == "lasso"
    assert coder("Sound").method.solves is None
    with pytest.raises(UserError, match="solves is 'everything'; known: lasso, basis-pursuit"):
        identify(f"{MUTANTS}:says_what_it_is_not")


@pytest.mark.parametrize("name", ["2fast", "my-solver", "class", "_mine", "Omp", "numpy", "json", "müller"])
def test_names_that_are_refused(name, tmp_path):
    with pytest.raises(UserError):
        write_template(name, learner=False, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_single_precision():
    subject = partial(coder, kind="float32")
    for check in (check_agreement, check_edges, check_symmetry, check_repetition):
        assert failures(check(subject("Sound"), seed=0, quick=True)) == []
