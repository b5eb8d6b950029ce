import zlib

import numpy as np
import pytest

from pyg_hcsf.datasets.human36m.official_cdf import read_cdf_pose
from tests.datasets.human36m.human36m_files import cdf

POSE = np.random.default_rng(0).normal(size=(1, 7, 96)).astype('f4')
VARIANTS = [
    {},
    {'wide': False},
    {'row_major': True},
    {'big_endian': True},
    {'pack': True},
    {'wide': False, 'pack': True, 'big_endian': True},
]


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('dtype', ['f4', 'f8'])
@pytest.mark.parametrize('shape', [(1, 7, 96), (7, 96), (7, 32, 3)])
def test_read(variant, dtype, shape):
    values = POSE.reshape(shape).astype(dtype)
    out = read_cdf_pose(cdf(values, **variant), 'a.cdf')
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, values)


def write_cdflib(path, values, majority, compress, whole, kind):
    writer = pytest.importorskip('cdflib').cdfwrite.CDF(
        path,
        cdf_spec={
            'Majority': majority,
            'Encoding': 6,
            'Compressed': whole,
            'rDim_sizes': [] if kind == 'zVariable' else values.shape[1:],
        },
    )
    for name, value in (
        ('Other', np.ones((3, 7, 96), 'f4')),
        ('Pose', values),
    ):
        writer.write_var(
            {
                'Variable': name,
                'Data_Type': 44,
                'Num_Elements': 1,
                'Rec_Vary': True,
                'Var_Type': kind,
                'Dim_Sizes': list(value.shape[1:]),
                'Dim_Vary': [True] * (value.ndim - 1),
                'Compress': compress,
            },
            var_data=value,
        )
    writer.close()
    return path.read_bytes()


@pytest.mark.filterwarnings('ignore')  # of the library
@pytest.mark.parametrize('majority', ['row_major', 'column_major'])
@pytest.mark.parametrize('compress', [0, 6])
@pytest.mark.parametrize('whole', [0, 6])
@pytest.mark.parametrize('kind', ['zVariable', 'rVariable'])
def test_same_as_the_library(tmp_path, majority, compress, whole, kind):
    path = tmp_path / 'a.cdf'
    content = write_cdflib(path, POSE, majority, compress, whole, kind)
    import cdflib

    expected = np.asarray(cdflib.CDF(path)['Pose']).reshape(POSE.shape)
    np.testing.assert_array_equal(read_cdf_pose(content, 'a.cdf'), expected)


GOOD = cdf(POSE)


@pytest.mark.parametrize(
    'bad, reason',
    [
        (b'', 'first bytes'),
        (b'\x89HDF\r\n\x1a\n', 'first bytes'),
        (GOOD[:300], 'no record'),
        (GOOD[:-100], 'no record'),
        (GOOD.replace(b'Pose', b'Posy'), r"no 'Pose' among \['Posy'\]"),
        (cdf(np.full((1, 2, 96), np.nan, 'f4')), 'not finite'),
        (GOOD[:8] + b'\x7f' + GOOD[9:], 'no record'),
        (GOOD[:4] + b'\xcc\xcc\x00\x01' + GOOD[8:], 'header'),
    ],
)
def test_refuses(bad, reason):
    with pytest.raises(ValueError, match=rf"'a\.cdf'.*{reason}"):
        read_cdf_pose(bad, 'a.cdf')


def test_refuses_chains_without_end():
    start = GOOD.index(b'Pose') - 76 - 8  # of the record of the variable
    next_at = start + 12
    content = bytearray(GOOD.replace(b'Pose', b'Posy'))
    content[next_at : next_at + 8] = start.to_bytes(8, 'big')
    with pytest.raises(ValueError, match='without end'):
        read_cdf_pose(bytes(content), 'a.cdf')
    index = int.from_bytes(GOOD[start + 28 : start + 36], 'big')
    content = bytearray(GOOD)
    content[index + 12 : index + 20] = index.to_bytes(8, 'big')
    with pytest.raises(ValueError, match='without end'):
        read_cdf_pose(bytes(content), 'a.cdf')


def test_refuses_files_that_decompress_to_much():
    content = cdf(np.zeros((1, 20_000, 96), 'f4'), pack=True)
    assert len(content) < 50_000
    with pytest.raises(ValueError, match='more than 8 times its size'):
        read_cdf_pose(content, 'a.cdf')
    packed = zlib.compressobj(wbits=31)
    body = packed.compress(bytes(2**24)) + packed.flush()
    head = b'\xcd\xf3\x00\x01\xcc\xcc\x00\x01'
    content = head + (32 + len(body)).to_bytes(8, 'big') + bytes(24) + body
    with pytest.raises(ValueError, match='more than 8 times its size'):
        read_cdf_pose(content, 'a.cdf')


@pytest.mark.parametrize('variant', [{}, {'wide': False}, {'pack': True}])
def test_damaged_contents(fuzz, variant):
    def check(values):
        assert values.dtype.kind == 'f' and np.isfinite(values).all()

    content = cdf(POSE, **variant)
    fuzz(lambda bad: read_cdf_pose(bad, 'a.cdf'), content, check, "'a.cdf'")
