"""TopK autoencoders of other packages, each by its own class, loss and training loop, at what suits it best here.

Each takes (M, N, K), batch size, number of steps, and what draws a batch, and gives the decoder, [M, N]. `RATES` are
the best of 1, 3, 6, 12, 24 and 48 thousandths on another dictionary (dictionary_learning: of the first four); they fall
linearly over the second half, as ours does. Other settings are each package's own.
"""

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.compare.contest import peer

Draw = Callable[[], Any]

RATES = {"sae_lens": 0.012, "dictionary_learning": 0.006, "overcomplete": 0.012}


def falling(step: int, n_steps: int) -> float:
    """The share of the learning rate at a step."""
    return min(1.0, 2 * (1 - step / n_steps))


def sae_lens(sizes: tuple[int, int, int], batch: int, n_steps: int, draw: Draw) -> np.ndarray:
    """SAELens's `TopKTrainingSAE` by its `SAETrainer`."""
    n_dims, n_atoms, n_active = sizes
    saes, config = peer("sae_lens.saes.topk_sae"), peer("sae_lens.config")
    sae = saes.TopKTrainingSAE(saes.TopKTrainingSAEConfig(d_in=n_dims, d_sae=n_atoms, k=n_active, device="cpu"))
    settings = config.SAETrainerConfig(
        total_training_samples=n_steps * batch,
        train_batch_size_samples=batch,
        lr=RATES["sae_lens"],
        lr_end=RATES["sae_lens"] / 100,
        lr_decay_steps=n_steps // 2,
    )
    trainer = peer("sae_lens.training.sae_trainer").SAETrainer(cfg=settings, sae=sae, data_provider=_forever(draw))
    with contextlib.redirect_stderr(io.StringIO()):
        trainer.fit()
    return sae.W_dec.detach().numpy().T


def dictionary_learning(sizes: tuple[int, int, int], _batch: int, n_steps: int, draw: Draw) -> np.ndarray:
    """The `TopKTrainer` of dictionary_learning, without a language model."""
    n_dims, n_atoms, n_active = sizes
    trainer = peer("dictionary_learning.trainers.top_k").TopKTrainer(
        steps=n_steps,
        activation_dim=n_dims,
        dict_size=n_atoms,
        k=n_active,
        layer=0,
        lm_name="",
        lr=RATES["dictionary_learning"],
        warmup_steps=10,
        decay_start=n_steps // 2,
        device="cpu",
    )
    for step in range(n_steps):
        trainer.update(step, draw())
    return trainer.ae.decoder.weight.detach().numpy()


def overcomplete(sizes: tuple[int, int, int], _batch: int, n_steps: int, draw: Draw) -> np.ndarray:
    """Overcomplete's `TopKSAE` by its `train_sae`."""
    cm = peer("matplotlib.cm")
    if not hasattr(cm, "get_cmap"):
        # Its pictures, which it imports with the rest, ask for what Matplotlib 3.9 removed.
        cm.get_cmap = peer("matplotlib").colormaps.__getitem__
    torch, package = peer("torch"), peer("overcomplete.sae")
    n_dims, n_atoms, n_active = sizes
    sae = package.TopKSAE(n_dims, nb_concepts=n_atoms, top_k=n_active, device="cpu")
    optimiser = torch.optim.Adam(sae.parameters(), lr=RATES["overcomplete"])
    package.train_sae(
        sae,
        (draw() for _ in range(n_steps)),
        lambda x, found, *_: (x - found).square().mean(),
        optimiser,
        scheduler=torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: falling(step, n_steps)),
        nb_epochs=1,
        monitoring=0,
    )
    return sae.get_dictionary().detach().numpy().T


def _forever(draw: Draw) -> Iterator[Any]:
    while True:
        yield draw()
