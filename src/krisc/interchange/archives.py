"""Zip files as input: unpacked into a folder of their own, and only there."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from krisc.interchange.base import InterchangeError

MAX_MEMBERS = 1_000_000
MAX_SIZE = 8 << 30  # bytes, unpacked


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The path itself, or the folder that a zip file was unpacked into, for as long as it is needed.

    Raises:
        InterchangeError: a member would stand outside the folder, is a link, or the whole is too large.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        yield path
        return
    with TemporaryDirectory(prefix="krisc-") as temporary:
        folder = Path(temporary) / path.stem
        folder.mkdir()
        try:
            _unpack(path, folder)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            raise InterchangeError(str(path), 0, f"a zip file that cannot be unpacked: {error}") from None
        yield folder


def _unpack(path: Path, folder: Path) -> None:
    left = MAX_SIZE
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise InterchangeError(str(path), 0, f"a zip file of {len(members):,} members")
        for member in members:
            name = PurePosixPath(member.filename.replace("\\", "/"))
            outside = name.is_absolute() or ".." in name.parts or ":" in member.filename
            if outside or stat.S_ISLNK(member.external_attr >> 16):
                raise InterchangeError(
                    str(path), 0, f"a member that is no file of the folder: {member.filename[:80]!r}"
                )
            if member.is_dir():
                continue
            target = folder.joinpath(*name.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as sink:
                while block := source.read(1 << 20):
                    left -= len(block)
                    if left < 0:
                        raise InterchangeError(str(path), 0, f"a zip file of more than {MAX_SIZE:,} bytes")
                    sink.write(block)
