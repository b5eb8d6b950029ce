r"""Reads YAML files of bounded size, nesting and aliases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from pyg_hcsf.safe_io.shown import PARSE_ERRORS, cause, shown

MAX_BYTES = 2**16  # of a file
MAX_VALUES = 2**14  # of a file, those that aliases repeat included
UNIT = 64  # characters of a text that count as one value


def load_yaml(path: Path, what: str) -> Any:
    r"""Reads a YAML file of texts, numbers, lists and mappings.

    Args:
        path (pathlib.Path): The file, of at most 64 kB.
        what (str): The kind of file for error messages.

    Raises:
        ValueError: If it cannot be read, is not YAML, is too large, or has
            aliases that contain themselves or more than 16,384 values.
    """
    try:
        with path.open('rb') as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f'it has more than {MAX_BYTES:,} bytes')
        return yaml.load(content, _Loader)
    except (*PARSE_ERRORS, OSError, RecursionError, yaml.YAMLError) as e:
        raise ValueError(f"Could not read {what} '{path}': {cause(e)}") from e


class _Loader(yaml.SafeLoader):
    r"""Counts the values of each anchor, and again for each of its aliases."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.count = 0
        self.sizes: dict[Any, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()
        before = self.count
        self.count += 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in self.anchors and event.anchor not in self.sizes:
                raise ValueError('an alias that contains itself')
            self.count += self.sizes.get(event.anchor, 0)
        elif isinstance(event, yaml.ScalarEvent):
            self.count += len(event.value) // UNIT
        if self.count > MAX_VALUES:
            raise ValueError(f'it holds more than {MAX_VALUES:,} values')
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.MappingNode):
            keys = Counter(k.value for k, _ in node.value if k.id == 'scalar')
            if twice := [key for key, count in keys.items() if count > 1]:
                raise ValueError(f'it has the key {shown(twice[0])} twice')
        if event.anchor is not None:
            self.sizes.setdefault(event.anchor, self.count - before)
        return node
