from .dynamic_graph import DynamicGraph

__all__ = ['DynamicGraph']
