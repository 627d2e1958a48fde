"""Coders that are one pass through given weights; something else has trained them."""

from recovery.encoders.jump_relu_encoder import JumpReluEncoder
from recovery.encoders.linear_readout import LinearReadout
from recovery.encoders.lista_encoder import ListaEncoder
from recovery.encoders.matching_pursuit_encoder import MatchingPursuitEncoder
from recovery.encoders.relu_readout import ReluReadout
from recovery.encoders.shrinkage_encoder import ShrinkageEncoder
from recovery.encoders.topk_encoder import TopKEncoder
from recovery.encoders.two_layer_encoder import TwoLayerEncoder

__all__ = [
    "JumpReluEncoder",
    "LinearReadout",
    "ListaEncoder",
    "MatchingPursuitEncoder",
    "ReluReadout",
    "ShrinkageEncoder",
    "TopKEncoder",
    "TwoLayerEncoder",
]
