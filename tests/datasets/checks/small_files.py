"""Writes small files of several formats."""

import io

import h5py
import numpy as np
from scipy.io import savemat

from pyg_hcsf.datasets.human36m.formats import HUMAN36M_FORMATS
from pyg_hcsf.datasets.mpi_inf_3dhp.formats import MPI_INF_3DHP_FORMATS
from pyg_hcsf.datasets.ntu.formats import NTU_FORMATS

FORMATS = {
    'human36m': HUMAN36M_FORMATS,
    'mpi_inf_3dhp': MPI_INF_3DHP_FORMATS,
    'nturgbd': NTU_FORMATS,
}


NAME = 'S001C001P001R001A001'


ZEROS = np.zeros((4, 17, 3), np.float32)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def obj(value):
    return np.array(value, dtype=object)


def h5(**arrays):
    file = io.BytesIO()
    with h5py.File(file, 'w') as content:
        for key, value in arrays.items():
            content[key] = value
    return file.getvalue()


def mat(**arrays):
    file = io.BytesIO()
    savemat(file, arrays)
    return file.getvalue()


def h36m_3d(*takes):
    motion = {'S1': dict.fromkeys(takes, ZEROS)}
    return npz(positions_3d=obj(motion))


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
