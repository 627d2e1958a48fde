"""Coders trained on samples whose codes are known: one method a file."""

from recovery.amortised.linear_probe import LinearProbe
from recovery.amortised.lista import Lista
from recovery.amortised.mlp_encoder import MlpEncoder
from recovery.amortised.relu_encoder import ReluEncoder

TRAINERS: dict[str, type] = {trainer.name: trainer for trainer in (Lista, ReluEncoder, MlpEncoder, LinearProbe)}

__all__ = ["TRAINERS", "LinearProbe", "Lista", "MlpEncoder", "ReluEncoder"]
