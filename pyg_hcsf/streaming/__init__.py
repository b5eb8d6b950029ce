from .json_lines import JsonLines, Live, pipe_lines, serve_lines, stream_lines
from .latency import LatencyHistogram

__all__ = [
    'JsonLines',
    'LatencyHistogram',
    'Live',
    'pipe_lines',
    'serve_lines',
    'stream_lines',
]
