"""Sparse autoencoders: encoder and dictionary trained together by gradient descent."""

from recovery.learners.autoencoders.topk_sae import TopKSae

AUTOENCODERS: tuple[type, ...] = (TopKSae,)

__all__ = ["AUTOENCODERS", "TopKSae"]
