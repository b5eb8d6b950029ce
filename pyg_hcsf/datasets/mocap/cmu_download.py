"""Downloads the archive of the CMU motion capture database."""

from __future__ import annotations

import os
import zipfile
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pyg_hcsf.safe_io.shown import cause

CMU_URL = 'http://mocap.cs.cmu.edu/allasfamc.zip'
CMU_ARCHIVE = 'allasfamc.zip'


def download_cmu_mocap(
    folder: str | Path, url: str = CMU_URL, timeout: float = 60.0
) -> Path:
    r"""Downloads the official archive of CMU's motion capture database.

    The library never calls this function by itself. A partial download is
    resumed by the next call.

    Args:
        folder (str or pathlib.Path): The folder for :obj:`allasfamc.zip`.
        url (str, optional): The address of the archive.
            (default: :obj:`'http://mocap.cs.cmu.edu/allasfamc.zip'`)
        timeout (float, optional): Seconds to wait for the server.
            (default: :obj:`60.0`)

    Returns:
        The path of the archive.

    Raises:
        RuntimeError: If the transfer is interrupted or the archive is
            damaged.

    Example:
        >>> download_cmu_mocap('datasets/CMUMocap/raw')
        >>> dataset = CMUMocap('datasets/CMUMocap')
    """
    target = Path(folder).expanduser() / CMU_ARCHIVE
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'{CMU_ARCHIVE}.part')
    total = _transfer(url, partial, timeout)
    size = partial.stat().st_size
    if total is not None and size < total:
        raise RuntimeError(
            f"The download of '{url}' broke off after {size} of {total} "
            'bytes: call again to resume'
        )
    try:
        with zipfile.ZipFile(partial) as archive:
            damaged = archive.testzip()
    except zipfile.BadZipFile as e:
        damaged = str(e)
    if damaged is not None or (total is not None and size > total):
        partial.unlink()
        raise RuntimeError(
            f"The download of '{url}' is not a complete zip archive "
            f'({damaged}) and was deleted: call again'
        )
    os.replace(partial, target)
    return target


def _transfer(url: str, partial: Path, timeout: float) -> int | None:
    r"""Appends to a partial file; returns the size of the archive."""
    start = partial.stat().st_size if partial.is_file() else 0
    headers = {'Range': f'bytes={start}-'} if start else {}
    try:
        with urlopen(Request(url, headers=headers), timeout=timeout) as reply:
            resumed = reply.status == 206 and reply.headers.get(
                'Content-Range', ''
            ).startswith(f'bytes {start}-')
            start = start if resumed else 0
            length = reply.headers.get('Content-Length')
            with open(partial, 'ab' if resumed else 'wb') as file:
                while chunk := reply.read(2**20):
                    file.write(chunk)
            return None if length is None else start + int(length)
    except HTTPError as e:
        content_range = e.headers.get('Content-Range', '')
        if e.code == 416 and content_range == f'bytes */{start}':
            return start  # nothing was left to transfer
        raise RuntimeError(
            f"Could not download '{url}': {cause(e)}. If '{partial}' is of "
            'another release, delete it'
        ) from e
    except (OSError, HTTPException) as e:
        raise RuntimeError(
            f"The download of '{url}' to '{partial}' broke off ({cause(e)}): "
            'call again to resume'
        ) from e
