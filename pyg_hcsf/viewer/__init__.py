r"""Pages, pictures and videos of poses and of learned graphs."""

from .graph_file import (
    EdgeGroup,
    HopAttribution,
    LearnedGraph,
    read_graph,
    write_graph,
)
from .graphs import hop_attribution, learned_graph
from .page import write_page

__all__ = [
    'EdgeGroup',
    'HopAttribution',
    'LearnedGraph',
    'hop_attribution',
    'learned_graph',
    'read_graph',
    'write_graph',
    'write_page',
]
