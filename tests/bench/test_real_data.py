"""Real data: the images and what is done to them, and a tiny run from command to report."""

import importlib.util
import json

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.draw import draw_report, read_results
from bench.errors import UserError
from bench.export import export_rows
from bench.run import run_study
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.real_data import images, tables
from bench.studies.real_data.conditions import CONDITIONS, disturbed, warped

STUDY = get_study("real-data")
TINY = [
    "trials=2",
    "source=classifier,place-classifier,photographs",
    "methods=raw,pca",
    "chunk_size=2",
    "n_patches=200",
]
TINY += ["n_hidden=8", "n_dims=6", "n_atoms=6", "network_steps=60", "n_train=20", "n_test=10"]
TINY += ["patch_side=6", "patch_atoms=36"]


def test_warps_by_whole_pixels_and_right_angles_are_exact():
    image = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    angles, offsets = [0, 0, np.pi / 2, 0], [[0, 0], [1, -2], [0, 0], [0.5, 0]]
    found = np.asarray(jax.jit(warped)(jnp.asarray(np.stack([image] * 4)), jnp.array(angles), jnp.array(offsets)))
    np.testing.assert_allclose(found[0], image, atol=1e-6)
    moved = np.zeros_like(image)
    moved[1:, :-2] = image[:-1, 2:]
    np.testing.assert_allclose(found[1], moved, atol=1e-6)
    # A quarter turn: in the middle, as the rim may fall on either side of the edge by rounding.
    turned = [np.rot90(image, k)[1:-1, 1:-1] for k in (1, -1)]
    assert min(np.abs(found[2][1:-1, 1:-1] - one).max() for one in turned) < 1e-5
    np.testing.assert_allclose(found[3][1:], (image[1:] + image[:-1]) / 2, atol=1e-6)


def test_conditions_disturb_by_their_amounts():
    pictures = np.random.default_rng(1).random((50, 8, 8)).astype(np.float32)
    found = np.asarray(jax.jit(disturbed)(jax.random.key(0), jnp.asarray(pictures)))
    spread = {condition.label: np.std(found[i] - pictures) for i, condition in enumerate(CONDITIONS)}
    assert spread["clean"] < 1e-6
    assert spread["activation noise 1"] < 1e-6
    # 3200 numbers: the standard deviation is known to 1 / sqrt(6400).
    assert spread["pixel noise 0.4"] == pytest.approx(0.4, rel=4 / 80)
    assert 0.05 < spread["shift 0.5"] < spread["shift 1"]
    assert 0.05 < spread["rotation 15"] < spread["rotation 30"]


def test_photographs_are_whitened_and_scrambling_keeps_the_spectrum():
    photographs, scrambled = images.photographs(), images.scrambled(0)
    np.testing.assert_allclose(
        np.abs(np.fft.fft2(scrambled))[:, 1:, 1:], np.abs(np.fft.fft2(photographs))[:, 1:, 1:], atol=0.5
    )
    # Edges make heavy tails; sums of many waves with random phases have none.
    assert np.all(stats.kurtosis(photographs.reshape(2, -1), axis=1) > 2)
    assert np.all(np.abs(stats.kurtosis(scrambled.reshape(2, -1), axis=1)) < 0.5)
    # Power per frequency, in octaves up to a quarter cycle per pixel: even to a factor of 3, where 1/f^2 gives 64.
    power = np.abs(np.fft.fft2(photographs)) ** 2
    radius = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, photographs.shape[1:]), indexing="ij"))
    bands = [power[:, (radius >= low) & (radius < 2 * low)].mean() for low in (1 / 32, 1 / 16, 1 / 8)]
    assert max(bands) / min(bands) < 3


def test_digits_are_all_there():
    pixels, members = images.digits()[:2]
    assert pixels.shape == (1797, 64)
    assert (pixels.min(), pixels.max()) == (0, 1)
    assert len(np.unique(members)) == 10 * images.N_PER_CLASS


def test_patches_of_photographs_share_no_pixel_and_know_their_strip():
    places = images.places()
    assert places.members.shape == (10, images.N_PER_CLASS)
    assert len(np.unique(places.members)) == places.members.size
    # Halved: 213 x 320 pixels, 26 rows of 40 whole patches, 8 columns a strip.
    assert len(places.pixels) == 2 * 26 * 40
    photograph = images._grey()[1] / 255
    patch = places.pixels[places.members[7, 0]].reshape(8, 8)
    found = [
        (row, column)
        for row in range(0, 208, 8)
        for column in range(0, 320, 8)
        if np.allclose(photograph[row : row + 8, column : column + 8], patch, atol=1e-6)
    ]
    assert len(found) == 1
    assert 2 * 64 <= found[0][1] < 3 * 64
    assert places.names[7] == "flower 3"


def test_images_are_moved_in_from_nothing_or_from_their_last_pixel():
    image = jnp.full((1, 8, 8), 0.5)
    offset = jnp.array([[2.0, 0.0]])
    assert float(warped(image, jnp.zeros(1), offset)[0, 0, 0]) == 0
    assert float(warped(image, jnp.zeros(1), offset, "nearest")[0, 0, 0]) == 0.5


def test_what_is_missing_or_too_much_is_said_in_a_line(monkeypatch):
    with pytest.raises(UserError, match="n_train 150 and n_test 40 together exceed a class's 174 images"):
        load_spec(STUDY, settings=["n_train=150"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs scikit-learn, .* pip install 'superposed\[real-data\]'"):
        load_spec(STUDY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "out"
    run_study(STUDY, load_spec(STUDY, settings=TINY), folder)
    return folder


@pytest.fixture(scope="module")
def report(folder):
    return draw_report(folder)


def test_rows_hold_numbers_and_pictures(folder, tmp_path):
    rows = read_results(folder)[1].rows
    # Two trials of each network; photographs, as they are and scrambled; two methods.
    assert len(rows) == 2 * 2 * 2 + 2 * 2 * 2
    digits = rows[rows["source"] == "classifier"]
    assert set(digits["held_out"]) == {0, 1}
    scores = digits[list(tables.DOWNSTREAM)].to_numpy()
    assert np.all((scores >= 0) & (scores <= 1))
    # Principal components of all dimensions lose nothing; the raw activations are all there is.
    assert np.all(digits["r2"] > 0.999)
    assert {len(flat) for flat in digits["pictures"]} == {6 * 64}
    members = images.digits().members
    for row in digits.to_dict("records"):
        # No image of the held-out digit is shown of a feature.
        assert not set(row["class_items"]) & set(members[row["held_out"]])
        assert len(row["class_items"]) == 9 * 8
    patches = rows[rows["source"] == "photographs"]
    pixels = np.asarray(patches.loc[patches["method"] == "raw", "pictures"].iloc[0]).reshape(36, 36)
    np.testing.assert_array_equal(pixels, np.eye(36))
    flat = pd.read_csv(export_rows(folder, "csv", tmp_path / "rows.csv"))
    assert "pictures" not in flat
    assert flat["r2"].to_numpy() == pytest.approx(rows["r2"].to_numpy())
    assert len(pd.read_parquet(export_rows(folder, "parquet", tmp_path / "rows.parquet"))["pictures"][0]) == 6 * 64


def test_differences_are_paired(folder, report):
    rows = read_results(folder)[1].rows
    table = report[0].tables["downstream"].set_index("source").loc["classifier"].set_index(["method", "task"])
    values = rows[rows["source"] == "classifier"].pivot(index="trial", columns="method", values="accuracy_shift_1")
    apart = (values["pca"] - values["raw"]).to_numpy()
    row = table.loc[("pca", "shift 1")]
    assert row["difference"] == pytest.approx(apart.mean())
    # Student's t with one degree of freedom: 12.706 at 97.5 %.
    assert row["difference_high"] - row["difference"] == pytest.approx(
        12.7062 * apart.std(ddof=1) / np.sqrt(2), rel=1e-4
    )
    assert table.loc[("raw", "shift 1"), "verdict"] == ""
    assert len(table) == 2 * len(tables.DOWNSTREAM)


def test_single_pixels_and_principal_components_are_no_edges(report):
    """A pixel has no orientation; the few patches' components have no place."""
    edges = report[0].tables["edges"].set_index(["source", "method"])
    assert edges.loc[("photographs", "raw"), "edges"] == 0
    assert edges.loc[("photographs", "raw"), "area"] == pytest.approx(1 / 36, rel=1e-5)
    assert edges.loc[("photographs", "pca"), "area"] > 0.25


def test_report_has_pictures_texts_and_the_intruder_test(folder, report):
    content, page = report
    names = {panel.name for panel in content.panels}
    assert names >= {
        "differences",
        "robustness-classifier",
        "few-labels",
        "explanation-classifier",
        "explanation-place-classifier",
        "edges",
        "atoms-photographs",
    }
    for panel in content.panels:
        for kind in ("svg", "png", "pdf", "csv"):
            assert (folder / "figures" / f"{panel.name}.{kind}").stat().st_size > 0
    assert 'href="intrusion/page.html"' in page.read_text(encoding="utf-8")
    key = json.loads((folder / "intrusion/key.json").read_text())
    assert {task["group"] for task in key["tasks"].values()} == {"raw", "pca"}
    assert (folder / "intrusion/page.html").read_text(encoding="utf-8").count("<img ") == 6 * len(key["tasks"])
