"""Sparse autoencoders: encoder and dictionary trained together by gradient descent; one architecture a file."""

from recovery.learners.autoencoders.batch_topk_sae import BatchTopKSae
from recovery.learners.autoencoders.gated_sae import GatedSae
from recovery.learners.autoencoders.jump_relu_sae import JumpReluSae
from recovery.learners.autoencoders.matching_pursuit_sae import MatchingPursuitSae
from recovery.learners.autoencoders.matryoshka_sae import MatryoshkaSae
from recovery.learners.autoencoders.relu_sae import ReluSae
from recovery.learners.autoencoders.topk_sae import TopKSae

AUTOENCODERS: tuple[type, ...] = (
    ReluSae,
    TopKSae,
    BatchTopKSae,
    JumpReluSae,
    GatedSae,
    MatchingPursuitSae,
    MatryoshkaSae,
)

__all__ = [
    "AUTOENCODERS",
    "BatchTopKSae",
    "GatedSae",
    "JumpReluSae",
    "MatchingPursuitSae",
    "MatryoshkaSae",
    "ReluSae",
    "TopKSae",
]
