"""Reports the dynamic graph of a finished run: M_k and O_k of Eqs. 7 and 8,
and how O_k differs between actions.

    python -m experiments.graph.report runs/pose/openmocap/hcsf_dynamic/0 \
        docs/results/learned_graph --actions walk lieDownFloor \
        --root $PYG_HCSF_DATA

writes graph.md, graph.csv with every edge of every layer, and two pictures.
Without --actions, the two whose mean graphs differ most are shown.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.graph.figures import matrices, on_skeleton
from experiments.graph.learned import (
    LearnedGraph,
    edge_table,
    furthest_actions,
    layer_table,
    read_graphs,
)
from experiments.pose.data import load_clips
from experiments.pose.transfer import load_network
from experiments.reporting.page import markdown, write_table
from experiments.reporting.runs import load_runs
from experiments.run import make_config
from experiments.sweep.presets import load_settings
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.safe_io.atomic_write import atomic_write

PAGE = """# The learned graph of {label}

Data {data}, {split} subjects, preset {preset}, row {row}, seed {seed}, commit
{commit}: every {stride}th frame. O_k and its magnitude are means over the
frames of an action; `graph.csv` has every edge. Both pictures show layer
`{layer}`.

```bash
{command}
```

{table}

![M_k and O_k as matrices](matrices.png)

![M_k and O_k on the skeleton](skeleton.png)
"""


def write(
    folder: Path,
    out: Path,
    root: Path,
    actions: Sequence[str] = (),
    layer: str | None = None,
    stride: int = 5,
) -> Path:
    """Writes the page, the table and the pictures of a run.

    Args:
        folder: The folder of the run, with checkpoint.pt.
        out: The folder to write to.
        root: The data home.
        actions: The actions of test clips to show.
        layer: The layer to draw; by default the one in which the actions
            differ most.
        stride: The stride between frames.
    """
    runs = load_runs(folder)
    if len(runs) != 1:
        raise ValueError(
            "Expected 'folder' to be that of one finished run (got "
            f"{len(runs)} in '{folder}')"
        )
    run = runs[0].metrics
    graphs = _load_graphs(folder, run, root, actions, stride)
    shown: Sequence[str] = ()
    if graphs[0].offset:
        shown = actions or furthest_actions(graphs)
    drawn = _choose_layer(graphs, layer, shown)
    title = (
        f'{run["label"]}, layer {drawn.layer}: {run["data"]}, {run["split"]} '
        'subjects'
    )
    matrices(drawn, shown, title, out / 'matrices.png')
    on_skeleton(drawn, shown, title, out / 'skeleton.png')
    write_table(edge_table(graphs), out / 'graph.csv', '%.6g')
    command = ['python', '-m', 'experiments.graph.report', *sys.argv[1:]]
    values = {
        **run,
        'stride': stride,
        'layer': drawn.layer,
        'command': shlex.join(command),
        'table': markdown(layer_table(graphs, shown)),
    }
    text = PAGE.format_map(values)
    with atomic_write(out / 'graph.md') as part:
        part.write_text(text, encoding='utf-8')
    return out / 'graph.md'


def _load_graphs(
    folder: Path,
    run: dict[str, Any],
    root: Path,
    actions: Sequence[str],
    stride: int,
) -> list[LearnedGraph]:
    """The graphs of a run's network, with offsets on its test clips."""
    values = load_settings(folder / 'config.yaml', 'settings')
    config = make_config('pose', values)
    protocol = get_protocol(run['protocol'])
    model = load_network(folder, config, protocol, run['seed'])
    clips = list(
        load_clips(
            run['data_name'], root, run['split'], config.clips, protocol
        )
    )
    known = list(dict.fromkeys(str(clip.action) for clip in clips))
    if unknown := set(actions) - set(known):
        raise ValueError(
            f"Expected '--actions' among {known} (got {sorted(unknown)})"
        )
    chosen = [c for c in clips if not actions or c.action in actions]
    loader = ClipLoader(chosen, 256, config.model.frames, stride, keys=('x',))
    return read_graphs(model, loader, [str(c.action) for c in chosen])


def _choose_layer(
    graphs: list[LearnedGraph], layer: str | None, shown: Sequence[str]
) -> LearnedGraph:
    """The named layer, else the one in which two actions differ most."""
    if layer is None:
        if len(shown) < 2:
            return graphs[0]
        return max(graphs, key=lambda graph: graph.contrast(*shown[:2]))
    names = [graph.layer for graph in graphs]
    if layer not in names:
        raise ValueError(
            f"Expected '--layer' to be one of {names} (got '{layer}')"
        )
    return graphs[names.index(layer)]


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument(
        'folder', type=Path, help='folder of a run, with checkpoint.pt'
    )
    parser.add_argument('out', type=Path, help='the folder to write to')
    parser.add_argument(
        '--actions', nargs='+', default=(), help='actions to show'
    )
    parser.add_argument('--layer', help='layer to draw, such as blocks.0.0')
    parser.add_argument('--root', help='data home; default: $PYG_HCSF_DATA')
    args = parser.parse_args(argv)
    root = data_home(args.root)
    print(write(args.folder, args.out, root, args.actions, args.layer))


if __name__ == '__main__':
    run_command(main)
