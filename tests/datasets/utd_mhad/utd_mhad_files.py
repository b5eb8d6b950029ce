"""Files of UTD-MHAD: subjects 1 and 7 train, 2 tests."""

import zipfile

import numpy as np
from scipy.io import savemat

NAMES = ('a1_s1_t1', 'a27_s2_t4', 'a10_s7_t2')


def joints(seed, num_frames=5):
    return np.random.default_rng(seed).normal(size=(20, 3, num_frames))


def write_utd_mhad(folder, names=NAMES):
    """A folder of the official files."""
    (folder / 'Skeleton').mkdir(parents=True)
    for seed, name in enumerate(names):
        path = folder / 'Skeleton' / f'{name}_skeleton.mat'
        savemat(path, {'d_skel': joints(seed)}, do_compression=seed == 1)
    (folder / 'readme.txt').write_text('passed over')


def zip_utd_mhad(folder, path):
    """The official archive."""
    with zipfile.ZipFile(path, 'w') as archive:
        for file in sorted(folder.rglob('*.mat')):
            archive.write(file, f'Skeleton/{file.name}')
