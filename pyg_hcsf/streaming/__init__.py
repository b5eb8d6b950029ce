r"""Live models as a JSON Lines service, on standard input or a TCP port."""

from .json_lines import JsonLines, pipe_lines, serve_lines, stream_lines
from .live import LatencyHistogram, LiveModel

__all__ = [
    'JsonLines',
    'LatencyHistogram',
    'LiveModel',
    'pipe_lines',
    'serve_lines',
    'stream_lines',
]
