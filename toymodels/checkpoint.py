"""Trained parameters and training states as files that hold arrays and nothing that could be executed."""

import os
from pathlib import Path
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np

Tree = TypeVar("Tree")


def save(path: Path, tree: object) -> None:
    """Write a pytree of arrays to a file in the safetensors format, under the names of its fields.

    A dataclass field, a key of a mapping or the place in a sequence is a part of the name, parts joined by dots. The
    file appears under its name only when it is complete.

    Raises:
        OSError: if the file cannot be written.
    """
    from safetensors.numpy import save as as_bytes

    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(as_bytes({name: np.array(leaf, order="C") for name, leaf in _named(tree).items()}))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path, like: Tree) -> Tree:
    """Read a pytree of the structure, shapes and types of ``like``, whose values are not looked at.

    ``like`` may hold arrays or what `jax.eval_shape` gives, so that nothing has to be computed for it.

    Raises:
        ValueError: if the file is no such file, or names, shapes or types differ: which one is said.
        OSError: if the file cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        found = from_bytes(Path(path).read_bytes())
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from None
    expected = _named(like)
    for name in (*expected, *found):
        if name not in found or name not in expected:
            raise ValueError(f"{path}: {name} is {'missing' if name not in found else 'not expected'}")
    for name, leaf in expected.items():
        have, want = (found[name].shape, found[name].dtype), (leaf.shape, leaf.dtype)
        if have != want:
            raise ValueError(f"{path}: {name} is {have[1]}{list(have[0])}, expected {want[1]}{list(want[0])}")
    return jax.tree.unflatten(jax.tree.structure(like), [jnp.asarray(found[name]) for name in expected])


def _named(tree: object) -> dict:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
