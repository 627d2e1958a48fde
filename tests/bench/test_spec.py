"""Specs: what is accepted, what is refused, and with which words."""

import pytest

from bench.errors import UserError
from bench.spec import differences, load_spec, read_table, spec_digest, to_table, to_toml, validate
from bench.studies import get_study

DONOHO = get_study("donoho-tanner")
MAP = get_study("superposition-map")


@pytest.mark.parametrize("study", [DONOHO, MAP], ids=lambda s: s.name)
@pytest.mark.parametrize("preset", ["quick", "full"])
def test_presets_are_valid_and_survive_toml(study, preset, tmp_path):
    spec = load_spec(study, preset=preset)
    path = tmp_path / "spec.toml"
    path.write_text(to_toml(spec))
    again = validate(study, read_table(path))
    assert again == spec
    assert spec_digest(again) == spec_digest(spec)


def test_settings_name_axes_and_parameters():
    settings = ["n_latents=400", "undersampling=0.6,.15", "code_sign=signed", "trials=20", "gap_tolerance=1e-6"]
    spec = load_spec(DONOHO, settings=settings, seed=7)
    assert spec.grid.n_latents == (400,)
    assert spec.grid.undersampling == (0.15, 0.6)
    assert spec.grid.code_sign == ("signed",)
    assert (spec.trials, spec.seed, spec.fixed.gap_tolerance) == (20, 7, 1e-6)


def test_order_of_axis_values_and_methods_does_not_matter():
    one = load_spec(DONOHO, settings=["undersampling=.5,.2", "methods=basis-pursuit,amp"])
    two = load_spec(DONOHO, settings=["undersampling=.2,.5", "methods=amp,basis-pursuit"])
    assert spec_digest(one) == spec_digest(two)


def test_a_file_overlays_the_preset_and_settings_overlay_the_file():
    table = {"study": "donoho-tanner", "trials": 3, "grid": {"undersampling": [0.3]}}
    spec = load_spec(DONOHO, table=table, settings=["trials=4"])
    assert spec.trials == 4
    assert spec.grid.undersampling == (0.3,)
    assert spec.grid.sparsity_ratio == load_spec(DONOHO).grid.sparsity_ratio


@pytest.mark.parametrize(
    ("study", "setting", "words"),
    [
        (DONOHO, "undersampling=nan", ["undersampling", "finite"]),
        (DONOHO, "undersampling=inf", ["undersampling", "finite"]),
        (DONOHO, "undersampling=0", ["undersampling", "> 0"]),
        (DONOHO, "undersampling=-0.5", ["undersampling", "> 0"]),
        (DONOHO, "undersampling=1.5", ["undersampling", "<= 1"]),
        (DONOHO, "sparsity_ratio=2", ["sparsity_ratio", "<= 1"]),
        (DONOHO, "undersampling=0.001", ["undersampling 0.001", "at least 0.005"]),
        (DONOHO, "undersampling=a", ["undersampling", "float"]),
        (DONOHO, "undersampling=.5,.5", ["undersampling", "twice"]),
        (DONOHO, "undersampling=", ["name=value"]),
        (DONOHO, "undersampling=.5,,.6", ["empty value"]),
        (DONOHO, "undersampling", ["name=value"]),
        (DONOHO, "n_latents=2.5", ["n_latents", "int"]),
        (DONOHO, "n_latents=1", ["n_latents", ">= 2"]),
        (DONOHO, "code_sign=positive", ["code_sign", "positive"]),
        (DONOHO, "trials=0", ["trials", "at least 1"]),
        (DONOHO, "trials=-3", ["trials", "at least 1"]),
        (DONOHO, "trials=1,2", ["trials", "one value"]),
        (DONOHO, "seed=-1", ["seed"]),
        (DONOHO, "chunk_size=0", ["chunk_size", "at least 1"]),
        (DONOHO, "precision=float16", ["precision", "float16"]),
        (DONOHO, "methods=ampp", ["ampp", "did you mean 'amp'"]),
        (DONOHO, "undersamplin=.5", ["undersamplin", "did you mean 'undersampling'"]),
        (DONOHO, "gap_tolerance=0", ["gap_tolerance", "> 0"]),
        (MAP, "density=1.5", ["density", "<= 1"]),
        (MAP, "noise_std=-1", ["noise_std", ">= 0"]),
        (MAP, "n_dims=64", ["n_dims 64", "below n_latents 64"]),
        (MAP, "dictionary=random", ["dictionary", "random"]),
        (MAP, "training_steps=0", ["training_steps", ">= 1"]),
    ],
)
def test_bad_settings_are_refused_in_one_line_that_says_how(study, setting, words):
    with pytest.raises(UserError) as caught:
        load_spec(study, settings=[setting])
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"grid": {"sigmaa": [1]}}, ["sigmaa", "grid"]),
        ({"grid": 3}, ["grid", "table"]),
        ({"grid": {"undersampling": []}}, ["undersampling", "empty"]),
        ({"grid": {"undersampling": 0.5}}, ["undersampling", "array"]),
        ({"trails": 3}, ["trails", "did you mean 'trials'"]),
        ({"trials": "many"}, ["trials", "int"]),
        ({"trials": True}, ["trials", "int"]),
        ({"study": "superposition-map"}, ["superposition-map", "donoho-tanner"]),
        ({"methods": []}, ["methods", "empty"]),
        ({"seed": 2**63}, ["seed"]),
    ],
)
def test_bad_files_are_refused_with_file_and_place(table, words):
    with pytest.raises(UserError) as caught:
        load_spec(DONOHO, table={"study": "donoho-tanner", **table}, where="my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml")
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("text", ["a = [", "\x00", "a = 1\na = 2", "[" * 20000])
def test_no_toml(text, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UserError, match="not valid TOML"):
        read_table(path)


def test_unreadable_files(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_table(tmp_path / "absent.toml")
    with pytest.raises(UserError, match="is a folder"):
        read_table(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot read"):
        read_table(tmp_path / "binary.toml")


def test_differences_name_what_differs():
    one = load_spec(DONOHO, settings=["undersampling=.5"])
    two = load_spec(DONOHO, settings=["undersampling=.6", "trials=3"])
    assert differences(to_table(one), to_table(one)) == []
    assert differences(to_table(one), to_table(two)) == [
        "trials is 10 there and 3 here",
        "grid.undersampling is 0.5 there and 0.6 here",
    ]
