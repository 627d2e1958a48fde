"""Files of activations: what is read, what is mapped, and what is refused in one line."""

import sys

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from bench.activations import load_activations
from bench.errors import UserError

Y = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)


def _write(folder, suffix, array):
    path = folder / f"y{suffix}"
    if suffix == ".npy":
        np.save(path, array)
    elif suffix == ".npz":
        np.savez_compressed(path, hidden=array)
    elif suffix == ".safetensors":
        save_file({"hidden": array}, path)
    elif suffix == ".csv":
        pd.DataFrame(array, columns=list("abcd")).to_csv(path, index=False)
    elif suffix == ".parquet":
        pd.DataFrame(array, columns=list("abcd")).to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors", ".csv", ".parquet"])
def test_every_format_gives_the_same_numbers(tmp_path, suffix):
    found = load_activations(_write(tmp_path, suffix, Y))
    assert (found.n_samples, found.n_dims, found.left_out) == (30, 4, [])
    np.testing.assert_allclose(found.take(np.array([3, 1])), Y[[3, 1]], rtol=1e-6)
    blocks = list(found.blocks(16))
    assert [start for start, _ in blocks] == [0, 16]
    np.testing.assert_allclose(np.concatenate([block for _, block in blocks]), Y, rtol=1e-6)
    assert isinstance(found.stored, np.memmap) == (suffix in (".npy", ".safetensors"))


def test_a_csv_without_a_header_loses_no_row(tmp_path):
    np.savetxt(tmp_path / "y.csv", Y, delimiter=",")
    assert load_activations(tmp_path / "y.csv").n_samples == 30


def test_a_parquet_column_of_vectors_is_a_matrix(tmp_path):
    pd.DataFrame({"text": ["a"] * 30, "hidden": list(Y)}).to_parquet(tmp_path / "y.parquet")
    np.testing.assert_array_equal(load_activations(tmp_path / "y.parquet", key="hidden").take(slice(None)), Y)


def test_bfloat16_is_read(tmp_path):
    import jax.numpy as jnp
    from safetensors.flax import save_file as save

    save({"hidden": jnp.asarray(Y, jnp.bfloat16)}, tmp_path / "y.safetensors")
    # bfloat16 has 8 bits of mantissa.
    np.testing.assert_allclose(load_activations(tmp_path / "y.safetensors").take(slice(None)), Y, rtol=2**-8)


def test_without_pyarrow_one_line_says_what_to_install(tmp_path, monkeypatch):
    path = _write(tmp_path, ".parquet", Y)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UserError, match="install it: pip install pyarrow"):
        load_activations(path)


class _Evil:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def _objects(folder, suffix):
    array = np.array([[_Evil()]], dtype=object)
    path = folder / f"y{suffix}"
    np.save(path, array) if suffix == ".npy" else np.savez(path, y=array)
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_pickled_objects_are_refused_and_not_run(tmp_path, suffix):
    with pytest.raises(UserError, match="pickled objects"):
        load_activations(_objects(tmp_path, suffix))


def _nan(y):
    y[7, 2] = np.nan
    y[9, 0] = np.inf
    return y


def _constant(y):
    y[:, 1] = 3.0
    return y


def _repeated(y):
    y[20] = y[4]
    return y


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (_nan(Y.copy()), "2 rows with numbers that are not finite .*row 7, column 2"),
        (_constant(Y.copy()), r"1 constant column \(1\); --clean leaves these out"),
        (_repeated(Y.copy()), r"1 row equal to an earlier one \(20\)"),
        (_repeated(_constant(_nan(Y.copy()))), "not finite.*constant column.*equal to"),
        (Y.astype(np.float64) * 1e39, "not finite in single precision"),
        (Y[:1], "too few rows: 1, where 2 are the least"),
        (Y[:, :1], "1 columns are left"),
        (Y[0], r"its shape is \(4,\), not samples x dimensions"),
        (Y[None], "flatten all axes but the last"),
        (Y[:0], "it is empty"),
        (Y > 0, "of type bool; they must be real numbers"),
        (Y.astype(complex), "complex128"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path, array, words):
    path = tmp_path / "y.npy"
    np.save(path, array)
    with pytest.raises(UserError, match=words) as caught:
        load_activations(path)
    assert "\n" not in str(caught.value)


def test_cleaning_leaves_out_what_is_bad_and_keeps_the_rest(tmp_path):
    path = tmp_path / "y.npy"
    np.save(path, _repeated(_constant(_nan(Y.copy()))))
    found = load_activations(path, clean=True)
    kept = [row for row in range(30) if row not in (7, 9, 20)]
    np.testing.assert_array_equal(found.rows, kept)
    np.testing.assert_array_equal(found.take(slice(None)), Y[kept][:, [0, 2, 3]])
    assert len(found.left_out) == 3


def test_zeros_of_either_sign_are_equal_and_permuted_rows_are_not(tmp_path):
    path = tmp_path / "y.npy"
    np.save(path, np.array([[0.0, 1, 2], [-0.0, 1, 2], [1, 0, 2], [2, 1, 0]]))
    with pytest.raises(UserError, match=r"1 row equal to an earlier one \(1\)"):
        load_activations(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("y.pt", b"", "pickles, which can run code"),
        ("y.txt", b"", "unknown format '.txt'; known: .npy"),
        ("y.npy", b"nonsense", "cannot be read as npy"),
        ("y.npz", b"nonsense", "no .npz archive"),
        ("y.safetensors", b"nonsense", "cannot be read as safetensors"),
        ("y.parquet", b"nonsense", "cannot be read as parquet"),
        ("y.csv", b"", "cannot be read as csv"),
        ("y.csv", b"a,b\n1,x\n2,y\n", "column b holds not numbers"),
        ("y.csv", b",a,b\n0,1,2\n1,2,3\n", "a column has no name"),
    ],
)
def test_files_that_are_something_else(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=words):
        load_activations(tmp_path / name)


def test_which_array_is_meant(tmp_path):
    np.savez(tmp_path / "y.npz", first=Y, second=Y[:20])
    with pytest.raises(UserError, match="holds 2 arrays; choose one by --key: first, second"):
        load_activations(tmp_path / "y.npz")
    with pytest.raises(UserError, match="no array 'secnd'; did you mean 'second'"):
        load_activations(tmp_path / "y.npz", key="secnd")
    assert load_activations(tmp_path / "y.npz", key="second").n_samples == 20
    with pytest.raises(UserError, match="no such file"):
        load_activations(tmp_path / "other.npy")
