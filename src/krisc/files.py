"""Files as wholes: their hash, and how they are written without loss."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TypeVar

import msgspec

from krisc.findings import Finding, KriscError, Place
from krisc.reading import decode_file, parse_json, read_bytes

T = TypeVar("T")


def sha256(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_manifest(path: Path, type_: type[T]) -> T:
    """The ``release.json`` of a release, as a record.

    Raises:
        KriscError: it cannot be read, is not JSON, or has not the fields of the record.
    """
    name = "/".join(path.parts[-4:])
    value = parse_json(decode_file(read_bytes(path, name), name), name)
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        data: dict[str, object] = {
            "found": str(error),
            "wanted": "the figures of a release, as krisc compile writes them",
        }
        raise KriscError([Finding("schema-violation", Place(name), data)]) from None


def write_atomically(path: Path, data: bytes) -> bool:
    """Write a file whole or not at all: temporary file in the same folder, flush to disk, rename.

    Returns whether anything changed; a file that has these bytes already is left alone.

    Raises:
        KriscError: ``output-unwritable``; the old file is untouched.
    """
    try:
        if path.exists() and path.read_bytes() == data:
            return False
        if not isinstance(path, Path):  # of an object store, which takes a file whole
            path.write_bytes(data)
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from None
    return True


def unwritable(path: Path, error: OSError) -> KriscError:
    """The finding for a place that cannot be written to."""
    return KriscError([Finding("output-unwritable", Place(str(path)), {"reason": error.strerror or str(error)})])
