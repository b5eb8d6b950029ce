from .graph_file import (
    EdgeGroup,
    HopAttribution,
    LearnedGraph,
    read_graph,
    write_graph,
)
from .page import write_page

__all__ = [
    'EdgeGroup',
    'HopAttribution',
    'LearnedGraph',
    'read_graph',
    'write_graph',
    'write_page',
]
