from .latency import LatencyHistogram
from .lines import JsonLines, Live, pipe_lines, serve_lines, stream_lines

__all__ = [
    'JsonLines',
    'LatencyHistogram',
    'Live',
    'pipe_lines',
    'serve_lines',
    'stream_lines',
]
