"""Files of NTU RGB+D in all formats that people hold it in."""

import pickle
import zipfile

import h5py
import numpy as np

from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.datasets.ntu.ctrgcn import write_ctrgcn
from pyg_hcsf.datasets.ntu.pyskl import write_pyskl
from pyg_hcsf.transforms import PreNormalize

# Subjects 1, 2, 4 train and 3 tests; cameras 2 and 3 train.
NAMES = [
    'S001C001P001R001A001',
    'S001C002P001R001A050',
    'S001C001P002R001A002',
    'S001C003P003R001A003',
    'S001C001P004R002A060',
]
NEW = ['S018C001P045R001A061', 'S019C001P003R001A061']  # of 120 only
MISSING = 'S001C002P005R002A008'
COUNTS = {NAMES[0]: [1] * 9, NAMES[1]: [1, 2, 2, 0, 3, 2], NAMES[4]: [2] * 4}


def skeleton(name):
    """A file as the sensor's recorder writes it."""
    counts = COUNTS.get(name, [1] * 5)
    rng = np.random.default_rng(NAMES.index(name) if name in NAMES else 9)
    lines = [str(len(counts))]
    for count in counts:
        lines.append(str(count))
        for i in range(count):
            lines += [f'{72057594037931000 + i} 0 1 1 1 1 0 0.1 0.2 2', '25']
            joints = rng.normal(size=(25, 3)) * (0.3, 0.5, 0.3) + (i, 0, 3)
            for place in joints:
                text = ' '.join(map('{:.7g}'.format, place))
                lines.append(f'{text} 277.4 191.8 1036.2 519.2 0 0 0 0 2')
    return ''.join(line + '\r\n' for line in lines).encode()


def write_raw(folder):
    """The official files."""
    folder.mkdir(parents=True)
    for name in [*NAMES, *NEW, MISSING]:
        (folder / f'{name}.skeleton').write_bytes(skeleton(name))


def agcn(folder, dataset):
    for part, names in (
        ('train', dataset.names[:3]),
        ('val', dataset.names[3:]),
    ):
        data = np.zeros((len(names), 3, 300, 25, 2), dtype=np.float32)
        for i, name in enumerate(names):
            x = dataset[dataset.names.index(name)]
            data[i] = PreNormalize('agcn')(x).x.permute(3, 1, 0, 2)
        np.save(folder / f'{part}_data_joint.npy', data)
        labels = [int(name[-3:]) - 1 for name in names]
        content = ([f'{name}.skeleton' for name in names], labels)
        (folder / f'{part}_label.pkl').write_bytes(pickle.dumps(content))


def sgn(path, npz):
    with np.load(npz) as content, h5py.File(path, 'w') as file:
        for k in 'xy':
            file[k] = content[f'{k}_train'][:2]
            file[f'valid_{k}'] = content[f'{k}_train'][2:]
            file[f'test_{k}'] = content[f'{k}_test']


def write_held(folder, dataset):
    """The same clips in all other formats, a folder each."""
    given = (dataset.names, dataset.joints)
    for form in ('pyskl', 'ctrgcn', 'agcn', 'sgn'):
        (folder / form).mkdir()
    write_pyskl(folder / 'pyskl' / 'ntu60_3danno.pkl', *given, 'ntu60')
    npz = folder / 'ctrgcn' / 'NTU60_CS.npz'
    write_ctrgcn(npz, *given, 'ntu60-xsub')
    names = '\n'.join(dataset.names) + '\n'
    npz.with_name('skes_available_name.txt').write_text(names)
    agcn(folder / 'agcn', dataset)
    sgn(folder / 'sgn' / 'NTU_CS.h5', npz)


def write_form(form, raw, work):
    """One format: official files, zips of them, or a file of others."""
    write_raw(work / 'official')
    if form in ('skeleton', 'zip'):
        raw.mkdir(parents=True)
        files = sorted((work / 'official').iterdir())
        if form == 'skeleton':
            for path in files:
                path.rename(raw / path.name)
            return
        with zipfile.ZipFile(raw / 'nturgbd_skeletons.zip', 'w') as archive:
            for path in files:
                archive.write(path, f'nturgb+d_skeletons/{path.name}')
        return
    dataset = NTURGBD(
        work,
        split='all',
        bodies='ctrgcn',
        raw=work / 'official',
        log=False,
        num_workers=1,
    )
    write_held(work, dataset)
    raw.parent.mkdir(parents=True, exist_ok=True)
    (work / form).rename(raw)
