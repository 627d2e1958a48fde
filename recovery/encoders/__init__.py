"""Coders that are one pass through given weights; something else has trained them."""

from recovery.encoders.relu_readout import ReluReadout
from recovery.encoders.topk_encoder import TopKEncoder

__all__ = ["ReluReadout", "TopKEncoder"]
