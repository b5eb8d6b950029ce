r"""The CMU Graphics Lab Motion Capture Database as clips of joints."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any

from pyg_hcsf.data.formats import Format, archives_with, files_named
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.safe_io.archives import iter_zip
from pyg_hcsf.safe_io.shown import cause, shown

from .asf_amc import ASF_JOINTS, read_amc, read_asf
from .cmu_download import CMU_ARCHIVE, CMU_URL
from .joint_positions import to_h36m17
from .motion import MotionClip, MotionDataset
from .text_file import MotionFile

CMU_INDEX = 'cmu-mocap-index.csv'
MEMBER_LIMIT = 256 * 2**20  # bytes; the largest real member is below 20 MiB

# All subjects were captured at 120 Hz, except for the two salsa dancers.
CMU_FPS = {60: 60.0, 61: 60.0}

# The action is the first group with a prefix of a word in the description of a
# trial, or else in that of its subject.
CMU_ACTIONS = {
    'playground': 'playground climb hang',
    'salsa': 'salsa',
    'indian dance': 'indian bharatanatyam',
    'sport': 'soccer basketball football baseball golf putt swing tennis '
    'frisbee skate swim stroke dribbl ball bat',
    'martial arts': 'martial karate punch strike box kick sword fight block',
    'dance': 'danc ballet charleston chacha lindy pirouette jete moonwalk',
    'gymnastics': 'balanc cartwheel gymnast yoga stretch handstand flip '
    'acrobat somersault exercise calisthenics lunge range squat',
    'acting': 'story rhyme nursery imitat pretend mickey animal monkey '
    'chicken dinosaur character gesture vignette snake bear cat '
    'elephant express laugh prairie ghost zombie penguin',
    'run': 'run jog sprint',
    'jump': 'jump hop leap',
    'walk': 'walk march navigat step stride sneak wander turn limp stroll '
    'pace',
    'everyday': 'everyday clean wash carry pick sit stand get bend lift '
    'reach place put door drink eat push pull open sweep phone look talk work',
}
OTHER_ACTION = 'other'

_ASF = re.compile(r'(?:.*/)?(\d+)\.asf', re.IGNORECASE)
AMC_FILE = re.compile(r'(?:.*/)?(\d+)_(\d+)\.amc', re.IGNORECASE)
_EITHER = re.compile(rf'{_ASF.pattern}|{AMC_FILE.pattern}', re.IGNORECASE)


def cmu_action(description: str, subject: str = '') -> str:
    r"""The coarse group of a trial, a key of :obj:`CMU_ACTIONS` or
    :obj:`'other'`.

    Args:
        description (str): The description of the trial in the index.
        subject (str, optional): The description of its subject, used if the
            former matches no group. (default: :obj:`''`)

    Example:
        >>> cmu_action('run/jog')
        'run'
    """
    for text in (description, subject):
        # 'cartWheel' becomes two words.
        text = re.sub('([a-z])([A-Z])', r'\1 \2', text).lower()
        for action, words in CMU_ACTIONS.items():
            if re.search(rf'\b(?:{"|".join(words.split())})', text):
                return action
    return OTHER_ACTION


def read_cmu_index(path: Path) -> dict[str, tuple[str, str]]:
    r"""Reads the public index: for each trial such as :obj:`'01_01'` its
    description and that of its subject.

    Raises:
        ValueError: If it cannot be read; names it.
    """
    try:
        with path.open(encoding='utf-8', errors='replace', newline='') as file:
            return {
                row[0].strip(): (row[1], row[2])
                for row in csv.reader(file)
                if len(row) >= 3 and re.fullmatch(r'\d+_\d+', row[0].strip())
            }
    except (OSError, csv.Error) as e:
        raise ValueError(
            f"The index '{path}' cannot be read ({cause(e)}): get it again or "
            'remove it'
        ) from e


def cmu_files(raw: Path) -> list[Path]:
    r"""The archive, or else the files of an extracted folder, and last the
    index if there is one.
    """
    archive = raw if raw.is_file() else raw / CMU_ARCHIVE
    files = [archive] if archive.is_file() else files_named(raw, _EITHER)
    index = _index_of(raw)
    return [*files, index] if files and index.is_file() else files


def _index_of(raw: Path) -> Path:
    return (raw.parent if raw.is_file() else raw) / CMU_INDEX


def read_cmu(
    raw: Path,
    subjects: list[int] | None = None,
    clips: Container[str] | None = None,
) -> Iterator[MotionClip]:
    r"""Reads the clips of an archive or folder, see :class:`CMUMocap`; if
    :obj:`clips` is given, those with these names.
    """
    index = _index_of(raw)
    trials = read_cmu_index(index) if index.is_file() else {}
    files = [path for path in cmu_files(raw) if path.name != CMU_INDEX]
    if _ASF.fullmatch(files[0].name) or AMC_FILE.fullmatch(files[0].name):
        yield from _read_cmu(list(files), trials, subjects, clips, raw)
        return
    # Refuses members that are damaged, or lead out of the archive.
    members = list(iter_zip(files[0], _EITHER))
    for member in members:
        if member.size > MEMBER_LIMIT:
            raise ValueError(
                f'Refused {shown(str(member), 300)}: it has {member.size} '
                f'bytes. Get the archive from {CMU_URL}'
            )
    with zipfile.ZipFile(files[0]) as archive:
        names = [zipfile.Path(archive, member.member) for member in members]
        yield from _read_cmu(names, trials, subjects, clips, raw)


def _read_cmu(
    files: Iterable[MotionFile],
    trials: dict[str, tuple[str, str]],
    subjects: list[int] | None,
    clips: Container[str] | None,
    raw: Path,
) -> Iterator[MotionClip]:
    files = sorted(files, key=str)
    skeletons = {
        int(match[1]): path
        for path in files
        if (match := _ASF.fullmatch(Path(str(path)).name))
    }
    current, asf = None, None
    for path in files:
        match = AMC_FILE.fullmatch(Path(str(path)).name)
        if not match or (subjects and int(match[1]) not in subjects):
            continue
        subject, trial = int(match[1]), int(match[2])
        name = f'{subject:02}_{trial:02}'
        if clips is not None and name not in clips:
            continue
        if subject not in skeletons:
            raise ValueError(
                f"No skeleton '{match[1]}.asf' below '{raw}' for '{path}'"
            )
        # Files are sorted, so each skeleton is read once.
        if asf is None or subject != current:
            current, asf = subject, read_asf(skeletons[subject], path)
        joints = asf.joint_positions(read_amc(path, asf))
        yield MotionClip(
            joints=to_h36m17(joints, asf.joints, ASF_JOINTS),
            fps=CMU_FPS.get(subject, 120.0),
            subject='CMU60+61' if subject in (60, 61) else f'CMU{subject:02}',
            action=cmu_action(*trials.get(name, ('', ''))),
            name=name,
        )


class CMUMocap(MotionDataset):
    r"""The `CMU Graphics Lab Motion Capture Database
    <http://mocap.cs.cmu.edu>`_ as the 17 joints of Human3.6M.

    The data used in this project was obtained from mocap.cs.cmu.edu. The
    database was created with funding from NSF EIA-0196217.

    Actions are coarse groups (:obj:`CMU_ACTIONS`) made from the public index;
    subjects are :obj:`'CMU01'`, ..., :obj:`'CMU144'`, with
    :obj:`'CMU60+61'` for the two who dance together. For the clips see
    :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`.

    Raw files: the archive :obj:`allasfamc.zip`, read without being extracted
    (see :func:`download_cmu_mocap`), or :obj:`NN/NN.asf` and
    :obj:`NN/NN_TT.amc` anywhere below :obj:`raw`; and, if there is one,
    :obj:`cmu-mocap-index.csv`. Without it all actions are :obj:`'other'`.

    Args:
        subjects (sequence of int, optional): The subjects to read.
            :obj:`None` reads all. (default: :obj:`None`)
        root, raw: See
            :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`.
        **kwargs (optional): Other arguments of that class.

    Example:
        >>> dataset = CMUMocap('datasets/CMUMocap', subjects=[1, 2])
        >>> dataset[0].pos  # [17, T, 3]
    """

    formats = (
        Format(
            'archive',
            f'the official archive {CMU_ARCHIVE} of skeletons and motion',
            lambda path: archives_with(path, AMC_FILE),
        ),
        Format(
            'asf_amc',
            'skeletons NN.asf and motion NN_TT.amc, as in allasfamc.zip',
            lambda path: files_named(path, _EITHER),
        ),
    )
    how_to_get = (
        f"Get '{CMU_ARCHIVE}' from the CMU Graphics Lab ({CMU_URL}, free to "
        'use) and put it there, or call pyg_hcsf.datasets.download_cmu_mocap '
        "with that folder, or pass 'raw'"
    )

    def __init__(
        self,
        root: str | Path,
        raw: str | Path | None = None,
        subjects: list[int] | None = None,
        **kwargs: Any,
    ) -> None:
        self.options = {
            'subjects': sorted(int(s) for s in subjects) if subjects else None
        }
        super().__init__(root, raw, **kwargs)

    def _find_source(self) -> RawSource | None:
        # Other archives that Format.find lists are read if passed as 'raw'.
        files = cmu_files(self.raw)
        is_archive = bool(files) and zipfile.is_zipfile(files[0])
        form = self.formats[0 if is_archive else 1].name
        return self._source(form, files) if files else None

    def read_clips(self) -> Iterator[MotionClip]:
        return read_cmu(self.raw, self.options['subjects'])
