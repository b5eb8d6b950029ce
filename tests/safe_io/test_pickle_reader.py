import io
import os
import pickle
import pickletools
import struct
import tracemalloc

import numpy as np
import pytest

from pyg_hcsf.safe_io.npy import load_npy, load_npz
from pyg_hcsf.safe_io.pickle_reader import load_pickle

VALUES = {
    'array': np.arange(6).reshape(2, 3),
    'fortran': np.asfortranarray(np.ones((2, 3), 'f4')),
    'foreign': np.arange(3, dtype='>i4'),
    'texts': np.array(['a', 'bcd']),
    'bytes array': np.array([b'a', b'bcd']),
    'no dimensions': np.array(5.0),
    'objects': np.array([{'z': np.ones(3)}, None], dtype=object),
    'scalar': np.float32(0.1),
    'truth': np.bool_(True),
    'type': np.dtype('f4'),
    'numbers': [1, 300, 70_000, -5, 2**70, 2.5, 1j, True, False, None],
    'text': ['', 'x\n\'"\\é☃', 'a' * 300],
    'raw': [b'', b'\x00\xff' * 200, bytearray(b'zz')],
    'tuples': [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    'sets': [set(), {1, 'a', ('a', 'b')}, frozenset([3])],
    3: {'a': {}, b'b': []},
}


def assert_same(a, b):
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        assert_same(list(a.values()), list(b.values()))
    elif isinstance(a, np.ndarray):
        assert a.dtype.newbyteorder('=') == b.dtype.newbyteorder('=')
        assert a.shape == b.shape
        assert_same(a.tolist(), b.tolist())
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for pair in zip(a, b, strict=True):
            assert_same(*pair)
    else:
        assert a == b


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('dump', [pickle.dumps, pickle._dumps])
def test_load_pickle(protocol, dump):
    content = dump(VALUES, protocol)
    assert_same(load_pickle(content, 'a.pkl'), VALUES)
    content = pickletools.optimize(content)
    assert_same(load_pickle(content, 'a.pkl'), VALUES)


@pytest.mark.parametrize('protocol', [2, 3])
def test_old_and_new_numpy(protocol):
    content = pickle.dumps(np.arange(3.0), protocol)
    new, old = b'numpy._core.multi', b'numpy.core.multi'
    assert (old in content) != (new in content)
    for a, b in (old, new), (new, old):
        loaded = load_pickle(content.replace(a, b), 'a.pkl')
        assert_same(loaded, np.arange(3.0))


def test_shared_values_stay_shared():
    shared = np.ones(3)
    a, b = load_pickle(pickle.dumps([shared, shared]), 'a.pkl')
    assert a is b


@pytest.mark.parametrize(
    'content',
    [
        # What Python 2 writes for {'S1': numpy.array([1., 2.]), u'\xe9': 3L},
        # with protocols 0 and 2.
        b"(dp1\nS'S1'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n"
        b"(cnumpy\nndarray\np4\n(I0\ntS'b'\ntRp5\n(I1\n(I2\ntcnumpy\ndtype\n"
        b"p6\n(S'f8'\nI0\nI1\ntRp7\n(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n"
        rb"S'\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@'"
        b'\ntbsV\xe9\np8\nL3L\ns.',
        b'\x80\x02}q\x01(U\x02S1q\x02cnumpy.core.multiarray\n_reconstruct\n'
        b'q\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x02\x85'
        b'cnumpy\ndtype\nq\x06U\x02f8K\x00K\x01\x87Rq\x07(K\x03U\x01<NNNJ'
        b'\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x10'
        b'\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@tb'
        b'X\x02\x00\x00\x00\xc3\xa9q\x08\x8a\x01\x03u.',
    ],
)
def test_python_2(content):
    expected = {'S1': np.array([1.0, 2.0]), 'é': 3}
    assert_same(load_pickle(content, 'a.pkl'), expected)


class Runs:
    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('nested', [False, True])
def test_runs_nothing(tmp_path, protocol, nested):
    path = tmp_path / 'ran'
    hostile = Runs(os.system, f'touch {path}')
    content = pickle.dumps([hostile] if nested else hostile, protocol)
    with pytest.raises(ValueError, match=r"'a.pkl' .*'posix.system'"):
        load_pickle(content, 'a.pkl')
    array = np.array([hostile], dtype=object)
    file = io.BytesIO()
    np.savez(file, positions_3d=array)
    with pytest.raises(ValueError, match=r"'a.npz/pos.*'posix.system'"):
        load_npz(file.getvalue(), 'a.npz')
    assert not path.exists()
    pickle.loads(content)
    assert path.exists()


@pytest.mark.parametrize(
    'value, named',
    [
        (Runs(eval, '1'), 'builtins.eval'),
        (Runs(getattr, 'a', 'b'), 'builtins.getattr'),
        (Runs(bytes, 10**12), 'got|cannot unpack|not enough'),
        (Runs(np.zeros, 10**12), 'zeros'),
        (Runs(np.ndarray, (10**12,)), 'call of a type'),
        (np.ma.masked_array([1.0]), r'numpy\.ma'),
        (np.zeros(2, [('a', 'f4')]), 'type V4'),
        (np.ndarray, 'class or function'),
        ([(np.ndarray,)], 'class or function'),
        ({1: set}, 'class or function'),
        (np.array([1], 'M8[s]'), 'type M8'),
        (pytest.raises, '_pytest'),
        ({1.5: 0}, 'key .* float'),
        ({(1, 2)}, 'key .* tuple'),
        ({2**61 - 1: 0}, 'key .* int'),
    ],
)
def test_refuses(value, named):
    with pytest.raises(ValueError, match=rf"(?s)'a\.pkl'.*({named})"):
        load_pickle(pickle.dumps(value, 4), 'a.pkl')


# ((t, t), (t, t)), ... 100 deep.
NEST = b'N\x940' + b''.join(
    bytes([ord('h'), i, ord('h'), i]) + b'\x86\x940' for i in range(100)
)
NEST += b'h\x64'


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\x80\x04',
        b'\x80\x04.',
        b'\x80\x04NN.',
        b'\x96' + struct.pack('<Q', 2**40) + b'.',  # a huge bytearray
        b'\x8e' + struct.pack('<Q', 2**63) + b'.',
        b'T\xff\xff\xff\x7fabc.',
        b'T\xff\xff\xff\xffabc.',
        b'Nr\xff\xff\xff\xff.',  # a huge memo
        b'\x8b\xff\xff\xff\x7f.',
        b'I' + b'9' * 10**6 + b'\n.',  # quadratic digits
        b'}' * 10**6 + b'.',
        b'(' * 10**6 + b'.',
        b'e.',
        b'N\x94h\x07.',
        b'}(NNNu.',
        b"S'\\q'\n.",
        # A key whose hash takes forever:
        b'}' + NEST + b'Ns.',
        NEST + b'K\x00\x93.',  # whose name takes forever
        b'cnumpy\ndtype\n' + NEST + b'\x85R.',
    ],
)
def test_refuses_malformed(content):
    with pytest.raises(ValueError, match=r"the pickle 'a\.pkl' at byte \d+"):
        load_pickle(content, 'a.pkl')


def test_memory_is_bounded_by_the_size():
    """Dictionaries take 64 times their one byte in the file."""
    content = b'](' + 10**6 * b'}' + b'e.'
    tracemalloc.start()
    with pytest.raises(ValueError, match='more than 6 times its size in'):
        load_pickle(content, 'a.pkl')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 7 * len(content) + 2**21


@pytest.mark.parametrize(
    'change',
    [
        (b'K\x02K\x03\x86', b'J\xff\xff\xff\x7fK\x03\x86'),  # a huge shape
        (b'K\x02K\x03\x86', b'J\xff\xff\xff\xffK\x03\x86'),
        (b'K\x02K\x03\x86', b'K\x01K\x03\x86'),
        (b'\x8c\x02f8', b'\x8c\x02O8'),  # numbers as addresses
        (b'\x8c\x02f8', b'\x8c\x02V8'),
    ],
)
def test_refuses_contradictory_arrays(change):
    content = pickle.dumps(np.ones((2, 3)), 4)
    assert change[0] in content
    with pytest.raises(ValueError, match=r"'a\.pkl'.*(an array|int)"):
        load_pickle(content.replace(*change), 'a.pkl')


ARRAYS = {
    'numbers': np.arange(6.0).reshape(2, 3),
    'fortran': np.asfortranarray(np.arange(6).reshape(2, 3)),
    'texts': np.array(['a', 'bcd']),
    'positions': np.array({'S1': {'Walking': np.ones((2, 3), 'f4')}}),
}


def npz(arrays=ARRAYS, save=np.savez_compressed):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_load_npz(save):
    arrays = load_npz(npz(save=save), 'a.npz')
    assert_same(arrays, ARRAYS)


def test_python_2_npy():
    file = io.BytesIO()
    np.save(file, np.ones((2, 3)))
    content = file.getvalue().replace(b'(2, 3), }  ', b'(2L, 3L), }')
    assert_same(load_npy(content, 'a.npy'), np.ones((2, 3)))


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'', 'header'),
        (b'\x93NUMPY\x01\x00\xff\xff{', 'header'),
        (b'PK\x03\x04', 'header'),
        # A shape that takes forever to parse:
        (
            b"\x93NUMPY\x01\x00\x10\x27{'descr': '<f8', 'fortran_order': "
            b"False, 'shape': (" + b'1' * 9_000,
            'header',
        ),
    ],
)
def test_refuses_npy(content, reason):
    with pytest.raises(ValueError, match=rf"'a\.npy'.*{reason}"):
        load_npy(content, 'a.npy')


def test_pickles_inside_other_files():
    """Errors count bytes from the start of the pickle."""
    content = bytearray(b'before' + pickle.dumps(VALUES, 0))
    assert_same(load_pickle(content, 'a.pkl', 6), VALUES)
    content = b'before' + pickle.dumps(print)
    with pytest.raises(ValueError, match=rf'byte \d+ of {len(content) - 6}:'):
        load_pickle(content, 'a.pkl', 6)


def test_arrays_are_not_writable():
    arrays = load_npz(npz({'a': np.ones(3)}), 'a.npz')
    assert not arrays['a'].flags.writeable


def test_npz_takes_4_times_the_file():
    """As P-STMO's, whose numbers compress a little: it was 4.5."""
    rng = np.random.default_rng(0)
    data = {str(i): rng.normal(size=2**16).astype('f4') for i in range(64)}
    content = npz({'data': np.array(data)})
    tracemalloc.start()
    arrays = load_npz(content, 'a.npz')
    peak = len(content) + tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_same(arrays['data'].item(), data)
    assert peak < 3.6 * len(content)


def test_refuses_npz_that_decompresses_to_much():
    content = npz({'a': np.zeros(2**24, np.uint8)})
    with pytest.raises(ValueError, match=r"'a\.npz'.*more than 16 times"):
        load_npz(content, 'a.npz')


def check(value):
    pickle.dumps(value)


@pytest.mark.parametrize('protocol', [0, 2, 4, 5])
def test_damaged_pickles(fuzz, protocol):
    content = pickle.dumps(VALUES, protocol)
    fuzz(lambda bad: load_pickle(bad, 'a.pkl'), content, check, "'a.pkl'")


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_damaged_npz(fuzz, save):
    content = npz(save=save)
    fuzz(lambda bad: load_npz(bad, 'a.npz'), content, check, "'a.npz")


def test_damaged_npy(fuzz):
    file = io.BytesIO()
    np.save(file, ARRAYS['positions'])
    content = file.getvalue()
    fuzz(lambda bad: load_npy(bad, 'a.npy'), content, check, "'a.npy'")


def test_refuses_lists_that_contain_themselves():
    chain = []
    chain.append([1, {'a': (chain,)}])
    with pytest.raises(ValueError, match='contains itself'):
        load_pickle(pickle.dumps(chain), 'a.pkl')


@pytest.mark.parametrize('kind', [list, tuple, np.array])
def test_refuses_containers_that_are_shared_often(kind):
    value = kind([None] * 10)
    for _ in range(8):
        outer = np.empty(10, object) if kind is np.array else [None] * 10
        for i in range(10):
            outer[i] = value
        value = outer if kind is np.array else kind(outer)
    with pytest.raises(ValueError, match='shared'):
        load_pickle(pickle.dumps(value, 4), 'a.pkl')
    # The same once, and often in a list of no more depth, are read.
    camera = {'id': '54138969', 'centre': np.ones(2)}
    frames = [{'camera': camera, 'x': np.ones((17, 2))} for _ in range(1000)]
    loaded = load_pickle(pickle.dumps(frames), 'a.pkl')
    assert loaded[0]['camera'] is loaded[-1]['camera']


def test_refuses_a_large_array_that_is_shared_often():
    large = np.ones(10_000)
    assert len(load_pickle(pickle.dumps([large] * 10), 'a.pkl')) == 10
    with pytest.raises(ValueError, match='shared'):
        load_pickle(pickle.dumps([large] * 10_000), 'a.pkl')


@pytest.mark.parametrize(
    'descr, shape',
    [('|S0', (3 * 10**8,)), ('<U0', (10**6, 3)), ('<f4', (0, 10**9, 3))],
)
def test_refuses_arrays_without_content(descr, shape):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}"
    header = f'{header}, }}\n'.encode()
    start = b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little')
    with pytest.raises(ValueError, match=r"(?s)'a\.npy'.*(no width|empty)"):
        load_npy(start + header, 'a.npy')
    empty = io.BytesIO()
    np.save(empty, np.empty((0, 17, 3)))
    assert load_npy(empty.getvalue(), 'a.npy').shape == (0, 17, 3)
