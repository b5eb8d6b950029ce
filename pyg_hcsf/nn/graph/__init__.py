r"""Learned graphs."""

from .dynamic_graph import DynamicGraph

__all__ = ['DynamicGraph']
