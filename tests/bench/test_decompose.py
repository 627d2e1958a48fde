"""`superposed decompose`: codes and dictionary of a file, in the formats and the folder that it promises."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from bench.cli import main

N_ROWS, N_DIMS, N_ATOMS = 600, 8, 12


@pytest.fixture(scope="module")
def world():
    """Sparse non-negative codes through a random dictionary, nearly without noise."""
    rng = np.random.default_rng(0)
    atoms = rng.standard_normal((N_DIMS, N_ATOMS))
    atoms /= np.linalg.norm(atoms, axis=0)
    codes = np.where(rng.random((N_ROWS, N_ATOMS)) < 1.5 / N_ATOMS, 0.5 + rng.random((N_ROWS, N_ATOMS)), 0)
    # Rows without any active latent would all be alike.
    codes[np.arange(N_ROWS), rng.integers(N_ATOMS, size=N_ROWS)] = 0.5 + rng.random(N_ROWS)
    return atoms, codes, (codes @ atoms.T + 0.01 * rng.standard_normal((N_ROWS, N_DIMS))).astype(np.float32)


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Runs the command in an empty folder; gives exit code, output and error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["superposed", *map(str, arguments)])
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        else:
            code = 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_codes_and_dictionary_are_those_of_the_file(call, world, tmp_path):
    _, _, y = world
    np.save("y.npy", y)
    code, out, err = call("decompose", "y.npy", "--method", "alternating-mod", "--n-atoms", N_ATOMS)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "results: runs/decompose-y-alternating-mod"
    assert out.splitlines()[1] == "Codes are non-negative, as the rows tell."
    folder = tmp_path / "runs" / "decompose-y-alternating-mod"
    names = ("codes", "dictionary", "offset")
    codes, dictionary, offset = (load_file(folder / f"{name}.safetensors")[name] for name in names)
    summary = json.loads((folder / "summary.json").read_text())
    assert codes.shape == (N_ROWS, N_ATOMS)
    np.testing.assert_allclose(np.linalg.norm(dictionary, axis=0), 1, atol=1e-5)
    # Recomputed from the files: the whole data is explained about as well as the rows that were held out.
    explained = 1 - np.sum((y - codes @ dictionary.T - offset) ** 2) / np.sum((y - y.mean(axis=0)) ** 2)
    assert summary["explained_variance"] == pytest.approx(explained, abs=0.02)
    assert explained > 0.9
    assert summary["density"] == pytest.approx(np.mean(codes != 0))
    assert summary["dead_atoms"] == np.count_nonzero(~np.any(codes, axis=0))
    assert (summary["n_train"], summary["n_held_out"]) == (540, 60)
    assert not list(folder.parent.glob(".*"))
    active = np.count_nonzero(codes, axis=1)
    np.testing.assert_array_equal(summary["rows_by_active"], np.bincount(active))
    atoms = pd.read_csv(folder / "tables" / "atoms.csv")
    np.testing.assert_allclose(atoms["share_of_rows"], np.mean(codes != 0, axis=0))
    for atom, rows in enumerate(atoms["top_rows"]):
        np.testing.assert_array_equal(np.fromstring(rows, int, sep=" "), np.argsort(-codes[:, atom], kind="stable")[:5])
    cosine = np.abs(dictionary.T @ dictionary) - np.eye(N_ATOMS)
    np.testing.assert_allclose(atoms["nearest_cosine"], cosine.max(axis=0), atol=1e-5)
    # Drawn again from these files alone it is the same page.
    page = (folder / "report.html").read_bytes()
    code, again, err = call("report", folder)
    assert (code, err) == (0, "")
    assert again.splitlines()[0] == out.splitlines()[0]
    assert (folder / "report.html").read_bytes() == page
    (folder / "tables" / "atoms.csv").write_text("atom\n1\n")
    code, _, err = call("report", folder)
    assert (code, err.count("\n")) == (2, 1)
    assert "atoms.csv: it is not the table of 12 atoms" in err


def test_a_method_of_ones_own_writes_npy_and_replaces_what_was_there(call, world, tmp_path):
    """A learner that returns the true dictionary: its codes explain nearly everything, whatever is done around it."""
    atoms, codes, y = world
    np.save("y.npy", np.concatenate([y, y[:3]]))
    np.save("atoms.npy", atoms)
    # The contract is tried on a smaller problem first, so that this learner must look at what it is given.
    (tmp_path / "known.py").write_text(
        "import numpy as np\n\n\ndef known(observations, *, n_atoms, key):\n"
        "    atoms = np.load('atoms.npy')\n"
        "    if observations.shape[1] == atoms.shape[0]:\n        return atoms\n"
        "    return np.random.default_rng(0).standard_normal((observations.shape[1], n_atoms))\n"
    )
    arguments = (
        "decompose",
        "y.npy",
        "--method",
        "known.py:known",
        "--n-atoms",
        N_ATOMS,
        "--format",
        "npy",
        "--sign",
        "signed",
    )
    code, _, err = call(*arguments, "--results", "out")
    assert code == 2
    assert "3 rows equal to an earlier one (600, 601, 602); --clean leaves these out" in err
    assert not (tmp_path / "out").exists()
    for _ in range(2):
        code, _, err = call(*arguments, "--results", "out", "--clean")
        assert code == 0, err
        assert err == "left out: 3 rows equal to an earlier one (600, 601, 602)\n"
    found = np.load(tmp_path / "out" / "codes.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "kept_rows.npy"), np.arange(N_ROWS))
    np.testing.assert_allclose(np.load(tmp_path / "out" / "dictionary.npy"), atoms, atol=1e-6)
    # The lasso's small penalty shrinks codes a little; where it errs most, supports of 8 dimensions are ambiguous.
    assert np.corrcoef(found.ravel(), codes.ravel())[0, 1] > 0.9
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["explained_variance"] > 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "fista"], "method fista is a coder: it needs a dictionary"),
        (["--method", "ksvdd"], "no method 'ksvdd'"),
        (["--method", "ksvd", "--n-atoms", 700], "too few rows: 540 to learn from, fewer than the 700 atoms"),
        (["--method", "ksvd", "--n-active", 9], "n_active is 9; it must be from 1 to 8"),
        (["--method", "ksvd", "--results", "taken"], "taken holds something else than an earlier decomposition"),
        (["--method", "broken.py:Broken"], "method broken raised RuntimeError: no idea"),
    ],
)
def test_refusals_are_one_line_and_write_nothing(call, world, tmp_path, options, words):
    np.save("y.npy", world[2])
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").touch()
    (tmp_path / "broken.py").write_text(
        "class Broken:\n    backend = 'numpy'\n\n    def fit(self, observations, *, n_atoms, key):\n"
        "        if observations.shape[1] == 8:\n            raise RuntimeError('no idea')\n"
        "        import numpy as np\n        return np.ones((observations.shape[1], n_atoms))\n"
    )
    before = {path.name for path in tmp_path.iterdir()} | {"__pycache__"}
    code, out, err = call("decompose", "y.npy", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert {path.name for path in tmp_path.iterdir()} <= before
