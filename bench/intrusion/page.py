"""A page on which a person names the intruder among items: word or visual intrusion (Chang et al. 2009)."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Picture:
    """An item to look at: grey values from 0 to 1."""

    pixels: Float[np.ndarray, "height width"]


@dataclass(frozen=True, eq=False)
class Task:
    """Items of which the first is the intruder; words, pictures or both.

    `group` is whose feature it is (a method), over which scores are summed. `judged` is the item that a computed judge
    names, or None.
    """

    items: tuple[str | Picture, ...]
    group: str
    judged: int | None = None


def intrusion_page(tasks: Sequence[Task], *, title: str, question: str, seed: int = 0) -> tuple[bytes, bytes]:
    """The page (one HTML file that needs no network) and its key (JSON), which the page does not hold.

    Tasks and the items of each are put in a random order, so that neither method nor intruder shows. The key has for
    each task the place of the intruder, the place that the computed judge names, the number of items and the group.
    Both carry the same digest, by which answers find their key. Raises ValueError without a task, or for one of fewer
    than three items.
    """
    if not tasks or any(len(task.items) < 3 for task in tasks):
        raise ValueError("an intruder test needs a task, and at least three items in each")
    rng = np.random.default_rng(seed)
    shown: list[dict[str, Any]] = []
    key: dict[str, dict[str, Any]] = {}
    for number, place in enumerate(rng.permutation(len(tasks)), start=1):
        task, order = tasks[place], rng.permutation(len(tasks[place].items))
        name = f"t{number:03d}"
        shown.append({"name": name, "items": [_shown(task.items[i], n + 1) for n, i in enumerate(order)]})
        key[name] = {
            "intruder": int(np.flatnonzero(order == 0)[0]) + 1,
            "judged": None if task.judged is None else int(np.flatnonzero(order == task.judged)[0]) + 1,
            "n_items": len(order),
            "group": task.group,
        }
    digest = hashlib.sha256(json.dumps([shown, key], sort_keys=True).encode()).hexdigest()[:12]
    page = _template().render(title=title, question=question, tasks=shown, digest=digest)
    return page.encode(), (json.dumps({"page": digest, "tasks": key}, indent=1) + "\n").encode()


def _shown(item: str | Picture, number: int) -> dict[str, str]:
    """An item as the page holds it; a picture's alternative text can say no more than its place."""
    if isinstance(item, str):
        return {"text": item}
    return {
        "source": f"data:image/png;base64,{base64.b64encode(_png(item.pixels)).decode()}",
        "words": f"image {number}",
    }


def _png(pixels: np.ndarray) -> bytes:
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    metadata: Any = {"Software": None}
    imsave(buffer, np.asarray(pixels, float), cmap="gray", vmin=0, vmax=1, format="png", metadata=metadata)
    return buffer.getvalue()


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("page.html.j2")
