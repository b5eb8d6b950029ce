"""Identifies the kind of a file, and whether it is damaged, by its content."""

from __future__ import annotations

import glob
import html
import math
import os
import re
import stat
import struct
import zipfile
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.safe_io.archives import leads_outside
from pyg_hcsf.safe_io.npy import NPY_HEADER
from pyg_hcsf.safe_io.pickle_scan import scan_pickle
from pyg_hcsf.safe_io.shown import shown

HEAD = 4096  # bytes that are read
MAX_VARIABLES = 1000  # variables of a MATLAB file that are checked
AGAIN = "download it again, and compare its size with the publisher's"
UNFINISHED = (
    '.part', '.partial', '.crdownload', '.download', '.aria2', '.opdownload',
)  # fmt: skip

# Bytes at a position in a file, and what they identify.
MAGIC = (
    (0, b'\xff\xd8\xff', 'image', 'an image (JPEG), not poses'),
    (0, b'\x89PNG\r\n', 'image', 'an image (PNG), not poses'),
    (0, b'GIF8', 'image', 'an image (GIF), not poses'),
    (4, b'ftyp', 'video', 'a video, not poses'),
    (8, b'AVI ', 'video', 'a video, not poses'),
    (0, b'\xcd\xf3\x00\x01', 'cdf', 'a file in Common Data Format'),
    (0, b'\xcd\xf2\x60\x02', 'cdf', 'a file in Common Data Format'),
    (0, b'\x1f\x8b', 'packed', 'compressed with gzip, which is not read'),
    (0, b'BZh', 'packed', 'compressed with bzip2, which is not read'),
    (0, b'\xfd7zXZ\0', 'packed', 'compressed with xz, which is not read'),
    (0, b'7z\xbc\xaf', 'packed', 'compressed with 7z, which is not read'),
    (0, b'Rar!\x1a\x07', 'packed', 'compressed with RAR, which is not read'),
    (257, b'ustar', 'packed', 'a tar archive, not read'),
)
TEXTS = {
    '.bvh': 'BVH motion',
    '.asf': 'ASF skeleton',
    '.amc': 'AMC motion',
    '.skeleton': 'NTU RGB+D skeletons',
    '.csv': 'a table',
}


class FileKind(NamedTuple):
    r"""The kind of a file.

    Args:
        kind (str): A word, such as :obj:`'zip'` or :obj:`'image'`.
        text (str): A description that completes "this is ...".
        remedy (str, optional): What to do about a file that cannot be read;
            empty for others. (default: :obj:`''`)
    """

    kind: str
    text: str
    remedy: str = ''


def identify_file(path: str | Path) -> FileKind:
    r"""Identifies a file by its first bytes, its size and, for archives, the
    list of members. Nothing is executed or extracted.

    Args:
        path (str or pathlib.Path): The file, which need not exist.

    Example:
        >>> identify_file('annot.mat').text
        'a web page: "Sign in"'
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = 'folder' if stat.S_ISDIR(mode) else 'device'
            return FileKind(what, f'a {what}')
        size = path.stat().st_size
        with path.open('rb') as file:
            head = file.read(HEAD)
    except OSError as e:
        return _unreadable(path, e)
    if size == 0:
        return FileKind('empty', 'an empty file', AGAIN)
    if path.suffix.lower() in UNFINISHED:
        return FileKind(
            'unfinished',
            'a download that has not finished',
            'let it finish, or get it again',
        )
    for identify in (_pointer, _page, _magic, _array, _pickle):
        if (found := identify(path, head, size)) is not None:
            return found
    if b'\0' not in head:
        return FileKind('text', TEXTS.get(path.suffix.lower(), 'text'))
    return FileKind('unknown', 'of an unknown kind')


def _unreadable(path: Path, error: OSError) -> FileKind:
    if path.is_symlink():
        target = os.readlink(path)
        remedy = (
            f"run 'git annex get {path.name}' in its folder"
            if '/annex/objects/' in target
            else 'get the file that it points to'
        )
        text = f'a broken link to {shown(target, 300)}'
        return FileKind('link', text, remedy)
    if isinstance(error, FileNotFoundError):
        return FileKind('missing', 'not there', 'check the path')
    return FileKind(
        'unreadable',
        f'not readable ({error.strerror})',
        'change its permissions, or copy it to another disk',
    )


def _pointer(path: Path, head: bytes, size: int) -> FileKind | None:
    if head.startswith(b'version https://git-lfs'):
        match = re.search(rb'^size (\d{1,18})$', head, re.MULTILINE)
        of = f' to one of {int(match[1]):,} bytes' if match else ''
        return FileKind(
            'pointer',
            f'a Git LFS pointer{of}, not the file itself',
            "run 'git lfs pull' in its repository",
        )
    if size < HEAD and b'/annex/objects/' in head:
        return FileKind(
            'pointer',
            'a git-annex pointer, not the file itself',
            f"run 'git annex get {path.name}' in its folder",
        )
    return None


def _page(path: Path, head: bytes, size: int) -> FileKind | None:
    text = head.decode('utf-8', 'replace').lstrip('\ufeff \t\r\n')
    start = text[:200].lower()
    if start.startswith(('<!doctype html', '<html', '<head', '<!-- ')):
        if '<meta name="generator" content="pyg_hcsf">' in text:
            return FileKind('text', 'a page that plays 3D poses')
        match = re.search(r'<title[^>]*>([^<]{1,200})', text, re.IGNORECASE)
        title = html.unescape(match[1]).split() if match else []
        title_text = f': "{" ".join(title)}"' if title else ''
        remedy = (
            'the server wants a login or a click first: get the file with '
            'the browser in which you accepted the licence'
        )
        return FileKind('page', f'a web page{title_text}', remedy)
    is_xml = start.startswith(('<?xml', '<error')) and '<Code>' in text
    is_json = size < HEAD and re.match(r'\{\s*"(error|message)"', start)
    if is_xml or is_json:
        return FileKind('page', "a server's error message", AGAIN)
    return None


def _magic(path: Path, head: bytes, size: int) -> FileKind | None:
    if head.startswith((b'PK\x03\x04', b'PK\x05\x06', b'PK\x07\x08')):
        return _zip(path, size)
    for start, magic, kind, text in MAGIC:
        if head.startswith(magic, start):
            return FileKind(kind, text, 'unpack it' * (kind == 'packed'))
    return None


def _zip(path: Path, size: int) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # The other parts of a split archive: .z01, .z02, ...
        pattern = f'{glob.escape(path.stem)}.z[0-9][0-9]'
        parts = any(path.parent.glob(pattern))
        if parts or re.search(r'\.\d{3}$', path.name):
            return FileKind(
                'zip',
                'one part of a zip archive of several files',
                "get all parts, then join them: 'zip -s 0 ... --out' or 7-Zip",
            )
        return FileKind(
            'zip', 'a zip archive that is cut off or damaged', AGAIN
        )
    files = [i for i in infos if not i.filename.endswith('/')]
    names = [info.filename for info in files]
    text = f'a zip archive of {len(files):,} file' + 's' * (len(files) != 1)
    if any(leads_outside(info.filename) for info in infos):
        return FileKind(
            'zip',
            f'{text} of which some would be written outside of its folder',
            "do not unpack it: get it from the publisher's own page",
        )
    if any(info.flag_bits & 1 for info in files):
        return FileKind(
            'zip',
            f'{text}, protected by a password',
            'unpack it with the password that came with the licence',
        )
    if any(info.header_offset + info.compress_size > size for info in files):
        return FileKind('zip', f'{text}, of which some are cut off', AGAIN)
    if any(name.endswith('/data.pkl') for name in names):
        return FileKind('torch', 'a PyTorch file: a network, not poses')
    if names and all(name.endswith('.npy') for name in names):
        keys = [shown(n.removesuffix('.npy'), 40)[1:-1] for n in names[:10]]
        more = ', ...' * (len(names) > len(keys))
        return FileKind('npz', f'NumPy arrays: {", ".join(keys)}{more}')
    return FileKind('zip', text)


def _array(path: Path, head: bytes, size: int) -> FileKind | None:
    if head.startswith(b'\x93NUMPY'):
        return _npy(head, size)
    if head.startswith(b'MATLAB 5.0 MAT-file'):
        if _mat5_end(path, head, size) != size:
            return FileKind('mat', 'a MATLAB 5 file, cut off', AGAIN)
        return FileKind('mat', 'a MATLAB 5 file')
    for start in (0, 512):
        if head[start : start + 8] == b'\x89HDF\r\n\x1a\n':
            is_mat = head.startswith(b'MATLAB 7.3')
            text = 'a MATLAB 7.3 (HDF5) file' if is_mat else 'an HDF5 file'
            if _hdf5_end(head, start) > size:
                return FileKind('hdf5', f'{text}, cut off', AGAIN)
            return FileKind('hdf5', text)
    return None


def _npy(head: bytes, size: int) -> FileKind:
    start = 10 if head[6:7] == b'\1' else 12
    stop = start + int.from_bytes(head[8:start], 'little')
    match = NPY_HEADER.fullmatch(head[start:stop])
    if match is None:
        return FileKind(
            'npy', 'a NumPy array with a damaged or unusual header', AGAIN
        )
    descr, _, numbers = match.groups()
    shape = [int(number) for number in re.findall(rb'\d+', numbers)]
    text = f'a NumPy array, {descr.decode("latin1")} {shown(shape)}'
    item = re.fullmatch(rb'[<>|=]?[a-zA-Z](\d{1,9})', descr)
    if item and stop + math.prod(shape) * int(item[1]) > size:
        return FileKind('npy', f'{text}, cut off', AGAIN)
    return FileKind('npy', text)


def _mat5_end(path: Path, head: bytes, size: int) -> int:
    r"""The end of the last variable of a MATLAB 5 file."""
    order = '<' if head[126:128] == b'IM' else '>'
    start = 128
    with path.open('rb') as file:
        for _ in range(MAX_VARIABLES):
            if start >= size:
                return start
            file.seek(start)
            tag = file.read(8)
            if len(tag) < 8:
                return start + 8
            start += 8 + struct.unpack(f'{order}2I', tag)[1]
    return size


def _hdf5_end(head: bytes, start: int) -> int:
    r"""The end of file address in the superblock of an HDF5 file; 0 if its
    version is unknown or its addresses do not have 8 bytes.
    """
    block = head[start : start + 64].ljust(64, b'\0')
    version = block[8]
    # Of the end of file address, by the HDF5 file format specification
    offset = {0: 40, 1: 44, 2: 28, 3: 28}.get(version)
    if offset is None or block[9 if version > 1 else 13] != 8:
        return 0
    return int.from_bytes(block[offset : offset + 8], 'little')


def _pickle(path: Path, head: bytes, size: int) -> FileKind | None:
    names = scan_pickle(path)
    if names is None:
        return None
    if not names.complete:
        return FileKind('pickle', 'a Python pickle, cut off', AGAIN)
    if names.refused:
        return FileKind(
            'pickle',
            'a Python pickle that runs or needs '
            f'{", ".join(names.refused)}: it is not read',
            'if you trust its author, load it yourself and save its arrays '
            'with numpy.savez',
        )
    return FileKind('pickle', 'a Python pickle with arrays and plain data')
