"""Activations of somebody's own network, P samples x M dimensions, from a file: read, checked, handed out in blocks."""

from bench.activations.activations import Activations, load_activations

__all__ = ["Activations", "load_activations"]
