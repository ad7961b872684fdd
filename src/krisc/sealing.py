"""Sealing the rows of a document whose text is withheld, so that only who holds the whole text can open them.

The key comes from all words of the text by a slow function (scrypt, RFC 7914) and the cipher is AES-SIV (RFC 5297),
which is deterministic and authenticated. Fingerprints of a few windows of words, slow as well, help to find the text.
``docs/withholding.md`` says what this hides and what it does not.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import msgspec

from krisc.findings import Finding, KriscError, Place

LEAST_WORDS = 24  # a shorter text could be guessed word by word
_BLOCK = 4096  # sealed data is filled up to a multiple of so many bytes, so that its length says little
_MOST = 1 << 30  # bytes that sealed data may have when it is unpacked
# Characters that show nothing and that pages add or lose: soft hyphen, zero-width space, word joiner, byte order mark,
# marks of direction. The zero-width joiner and non-joiner are spelling, and stay.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


class Cost(msgspec.Struct, frozen=True):
    """Parameters of scrypt; it takes 128 * n * r bytes of memory."""

    n: int
    r: int = 8
    p: int = 1


class Sealed(msgspec.Struct):
    """A withheld document: the file of its sealed rows, how many words it has, and what proves and finds them.

    ``check`` is half of what scrypt makes of all words; the other half is the key. ``windows`` are the fingerprints, in
    text order.
    """

    file: str
    words: int
    check: str
    windows: list[str]


class Withheld(msgspec.Struct):
    """What a variant of a release withholds, and how.

    ``proof`` is a slow hash of the content hashes of all tables of the release it was made from; ``rest`` is the file
    of that release's pages, sealed with the keys of all withheld documents together.
    """

    origins: list[str]
    documents: dict[str, Sealed]
    rest: str
    proof: str = ""
    restored: list[str] = []
    window: int = 12
    stride: int = 24
    key_cost: Cost = Cost(1 << 15)
    window_cost: Cost = Cost(1 << 11)


def words_of(text: str) -> list[str]:
    """The words of a text: what stands between white space, without what shows nothing, in Unicode's form C."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).split()


def window_starts(words: int, window: int, stride: int) -> list[int]:
    """Numbers of the first words of the windows: the start, every ``stride``-th word, and the last that fits."""
    return sorted({*range(0, words - window + 1, stride), max(0, words - window)})


def salt(*parts: str) -> bytes:
    """A public salt: a hash of names, and of nothing that is withheld."""
    return hashlib.sha256("\0".join(("krisc", *parts)).encode()).digest()


def stretch(words: Sequence[str], salted: bytes, cost: Cost, length: int = 16) -> bytes:
    """What scrypt makes of some words; takes milliseconds on purpose, without holding up other threads."""
    memory = 256 * cost.n * cost.r + (1 << 20)
    return hashlib.scrypt(
        " ".join(words).encode(), salt=salted, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=length
    )


def key_of(words: Sequence[str], salted: bytes, cost: Cost) -> tuple[bytes, str]:
    """The key (64 bytes) that all words of a text give, and a check (32 digits) that they are the right ones."""
    made = stretch(words, salted, cost, 80)
    return made[:64], made[64:].hex()


def need_cipher() -> None:
    """Tell of a library that is missing before anything else is done.

    Raises:
        KriscError: ``extra-missing``.
    """
    _cipher(bytes(64))


def joint_key(keys: Sequence[bytes]) -> bytes:
    """The key (64 bytes) that only who has all of these keys has."""
    return hashlib.sha512(b"".join(keys)).digest()


def seal(key: bytes, data: bytes, *about: str) -> bytes:
    """Compress and encrypt: the same bytes from the same key, data and names.

    Raises:
        KriscError: ``extra-missing``, when the library is not installed.
    """
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    packed = pa.Codec("zstd", compression_level=3).compress(data, asbytes=True)
    head = len(data).to_bytes(8, "big") + len(packed).to_bytes(8, "big") + packed
    return bytes(_cipher(key).encrypt(head + bytes(-len(head) % _BLOCK), _names(about)))


def unseal(key: bytes, sealed: bytes, *about: str) -> bytes | None:
    """What was sealed; None when it was sealed by another key or for another place, or was changed since.

    Raises:
        KriscError: ``extra-missing``, when the library is not installed.
    """
    import pyarrow as pa  # noqa: PLC0415 - takes long to import

    cipher = _cipher(key)
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an optional library, which is there

    try:
        head = cipher.decrypt(sealed, _names(about))
        size, packed = (int.from_bytes(head[n : n + 8], "big") for n in (0, 8))
        if size > _MOST:
            return None
        return bytes(pa.Codec("zstd").decompress(head[16 : 16 + packed], size, asbytes=True))
    except (InvalidTag, ValueError, OSError):
        return None


def _names(about: Sequence[str]) -> list[bytes]:
    return [one.encode() for one in ("krisc", *about)]


def _cipher(key: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the library is optional
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415 - an optional library
    except ImportError:
        data: dict[str, object] = {"library": "cryptography", "extra": "withhold"}
        raise KriscError([Finding("extra-missing", Place(""), data)]) from None
    return AESSIV(key)
