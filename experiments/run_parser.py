"""The command line of a task of run.py, and its run configs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, Literal, get_type_hints

from jsonargparse import ArgumentParser, Namespace

from experiments.options import LOGS, OPTIONS, TASKS
from experiments.parsing import literals, parse_plain, refuse_class_paths
from experiments.sweep.presets import refuse_classes


class RunParser:
    """The command line of a task, whose defaults come from presets."""

    def __init__(self, task: str) -> None:
        self.task = TASKS[task]
        self.types = get_type_hints(self.task.config)
        self.groups = {
            name for name, kind in self.types.items() if is_dataclass(kind)
        }
        self.parser = ArgumentParser(prog='run.py', exit_on_error=False)
        for name, metavar, _ in OPTIONS:
            _add_option(self.parser, name, metavar)
        for name, kind in self.types.items():
            if name in self.groups:
                # As a group, jsonargparse would accept '--model FILE' and
                # import the classes that the file names.
                self.parser.add_class_arguments(kind, name, as_group=False)
            else:
                default = getattr(self.task.config(), name)
                self.parser.add_argument(
                    f'--{name}', type=kind, default=default
                )
        self.defaults = self._flatten(asdict(self.task.config()))

    def parse(self, argv: Sequence[str]) -> Namespace:
        """Parses a command line without a preset.

        Raises:
            UsageError: If an option or its value is wrong.
        """
        refuse_class_paths(argv)
        return parse_plain(self.parser, argv, self._choices)

    def make_config(
        self, settings: dict[str, Any], argv: Sequence[str]
    ) -> Any:
        """The run config of a preset's row, changed by the command line."""
        refuse_classes(settings)
        self.parser.set_defaults({**self.defaults, **self._flatten(settings)})
        args = self.parse(argv)
        values = {name: args[name] for name in self.types}
        for name in self.groups:
            values[name] = self.types[name](**values[name].as_dict())
        config = self.task.config(**values)
        return self.task.smoke(config) if args.smoke else config

    def _choices(self, name: str) -> tuple[Any, ...]:
        """The values that a setting can have, if they are listed."""
        if name == 'log':
            return LOGS
        group, _, key = name.rpartition('.')
        kinds = get_type_hints(self.types[group]) if group else self.types
        return literals(kinds[key]) if key in kinds else ()

    def _flatten(self, settings: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for name, values in settings.items():
            if name in self.groups:
                out.update({f'{name}.{key}': v for key, v in values.items()})
            else:
                out[name] = values
        return out


def _add_option(parser: ArgumentParser, name: str, metavar: str) -> None:
    options: dict[str, Any] = {'type': str | None}
    if not metavar:
        options = {'action': 'store_true'}
    elif name == 'seed':
        options = {'type': int, 'nargs': '+', 'default': [0]}
    elif name == 'log':
        options = {'type': Literal[LOGS], 'nargs': '+', 'default': ['csv']}
    elif name == 'out':
        options = {'type': str, 'default': 'runs'}
    parser.add_argument(f'--{name}', **options)
