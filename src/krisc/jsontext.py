"""Strict JSON: what the standard library lets pass is found here by name, and every value has a line and column.

``json`` accepts duplicate keys, NaN and lone surrogates in silence; an authored file must not have them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, AnyStr, NoReturn

MAX_DEPTH = 32  # authored files need 8; the limit keeps recursive code safe


class JsonError(ValueError):
    """JSON that is not accepted: the finding's id, an offset in code points, and what was found."""

    def __init__(self, finding: str, offset: int, found: str) -> None:
        super().__init__(finding)
        self.finding = finding
        self.offset = offset
        self.found = found


class _DuplicateKeyError(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _DuplicateKeyError
    return value


def _constant(name: str) -> NoReturn:
    raise JsonError("json-not-a-number", 0, name)


def whole(value: float, digits: str = "") -> float | int:
    """A number, as an integer when it is a whole one (1.0 is 1 in JSON Schema).

    Raises:
        JsonError: it is no finite number.
    """
    if not math.isfinite(value):
        _constant(digits or str(value))
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _float(digits: str) -> float | int:
    return whole(float(digits), digits)


def _int(digits: str) -> int:
    """JSON sets no limit to integers; tables hold 64 bits (and Python refuses to read thousands of digits)."""
    if len(digits) < 19 or (len(digits) <= 20 and -(2**63) <= int(digits) < 2**63):
        return int(digits)
    raise JsonError("json-number-too-large", 0, digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")


def loads(text: str) -> Any:  # noqa: ANN401 - a JSON value is of any type until its schema is known
    """Parse strict JSON.

    Raises:
        JsonError: with the finding's id and the offset of the place.
    """
    if (depth := _too_deep(text)) is not None:
        raise JsonError("json-too-deep", depth, f"more than {MAX_DEPTH} levels")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonError("json-syntax", *_syntax(text, error)) from None
    except _DuplicateKeyError:
        offset, key = next(duplicate_keys(text))
        raise JsonError("json-duplicate-key", offset, key) from None
    except JsonError as error:
        raise JsonError(error.finding, _find_number(text, error.found), _short(error.found)) from None
    _refuse_escapes(text)
    return value


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NO_BRACKETS = bytes(b for b in range(256) if b not in b"[]{}")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def _too_deep(text: str) -> int | None:
    """Offset of the bracket that opens one level too many, or None."""
    brackets = text.encode("utf-8", errors="replace").translate(None, delete=_NO_BRACKETS)
    for _ in range(MAX_DEPTH):  # each turn takes the innermost brackets away
        if not brackets:
            return None
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return match.start()
        elif match[0] in "]}":
            depth -= 1
    return None


def _syntax(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """Offset and words of a syntax error; Pythons before 3.13 do not know a trailing comma when they see one."""
    before = text[: error.pos].rstrip()
    comma = error.pos if text.startswith(",", error.pos) else len(before) - 1
    if text[comma + 1 :].lstrip().startswith(("]", "}")) and text.startswith(",", max(comma, 0)):
        return comma, "a comma before the closing bracket"
    return error.pos, error.msg.removesuffix(" at")


def _find_number(text: str, digits: str) -> int:
    """Offset of a number or constant that stands outside all strings."""
    blanked = _STRING.sub(lambda m: " " * len(m[0]), text)
    found = re.search(rf"(?<![\w.+-]){re.escape(digits)}(?![\w.+-])", blanked)
    return found.start() if found else 0


def _short(digits: str) -> str:
    return digits if len(digits) <= 30 else f"{digits[:20]}… ({len(digits)} characters)"


def escapes_by_number(text: AnyStr) -> bool:
    """Whether a string in valid JSON has a character that is escaped by its number.

    It goes from backslash to backslash, which a search for a single byte finds twenty times as fast as one for two.
    """
    backslash, u = ("\\", "u") if isinstance(text, str) else (b"\\", b"u")
    at = text.find(backslash)
    while at >= 0:
        if text[at + 1 : at + 2] == u:
            return True
        at = text.find(backslash, at + 2)
    return False


def _refuse_escapes(text: str) -> None:
    """Escaped NUL and lone surrogates parse, but no text can hold them."""
    if not escapes_by_number(text):
        return
    high: int | None = None  # where a high surrogate stands that waits for its low one
    for match in _ESCAPE.finditer(text):
        code = int(match[1][1:], 16) if match[1][0] == "u" else -1
        if code == 0:
            raise JsonError("nul-character", match.start(), match[0])
        low = 0xDC00 <= code <= 0xDFFF
        if high is not None and not (low and match.start() == high + 6):
            raise JsonError("json-lone-surrogate", high, "half of a surrogate pair")
        if low and high is None:
            raise JsonError("json-lone-surrogate", match.start(), "half of a surrogate pair")
        high = match.start() if 0xD800 <= code <= 0xDBFF else None
    if high is not None:
        raise JsonError("json-lone-surrogate", high, "half of a surrogate pair")


_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)')


def _walk(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Yield ``(pointer, start, end, is_key)`` of every key and scalar, and of every opening bracket, in text order."""
    stack: list[tuple[str, str | int, bool]] = []  # base pointer, current key or index, is an object
    base: str = ""
    expect_key = False
    for match in _TOKEN.finditer(text):
        token, start = match[1], match.start(1)
        if token in "]}":
            if stack:
                stack.pop()
            expect_key = False
        elif token == ",":
            if stack and not stack[-1][2]:
                stack[-1] = (stack[-1][0], int(stack[-1][1]) + 1, False)
            expect_key = bool(stack) and stack[-1][2]
        elif token == ":":
            expect_key = False
        elif expect_key and token[0] == '"':
            key = str(json.loads(token, strict=False)).replace("~", "~0").replace("/", "~1")
            stack[-1] = (stack[-1][0], key, True)
            yield f"{stack[-1][0]}/{key}", start, match.end(), True
        else:
            base = f"{stack[-1][0]}/{stack[-1][1]}" if stack else ""
            yield base, start, match.end(), False
            if token in "[{":
                stack.append((base, 0, token == "{"))
                expect_key = token == "{"


def duplicate_keys(text: str) -> Iterator[tuple[int, str]]:
    """Yield offset and name of every key that its object already has."""
    seen: dict[str, int] = {}
    opened: dict[str, int] = {}
    for pointer, start, _, is_key in _walk(text):
        if is_key:
            base, _, key = pointer.rpartition("/")
            if seen.get(pointer, -1) >= opened.get(base, 0):
                yield start, key.replace("~1", "/").replace("~0", "~")
            seen[pointer] = start
        else:
            opened[pointer] = start


def positions(text: str) -> dict[str, tuple[int, int]]:
    """Start and end, in code points, of the value at every JSON pointer (of a container: its opening bracket)."""
    return {pointer: (start, end) for pointer, start, end, is_key in _walk(text) if not is_key}


_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)


def within_string(token: str, offset: int) -> int:
    """Where in a JSON string, with its quotation marks, the character at an offset of its value stands."""
    at = 1
    for _, match in zip(range(offset), _PAIR.finditer(token, 1), strict=False):
        at = match.end()
    return min(at, len(token))


def escape(part: str) -> str:
    """A name as one part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
