"""What is beyond doubt for many files at once has no finding in the checks of one file, whatever was done to it."""

import json
from functools import cache

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.arrowjson import file_schema, read_files
from krisc.checks import check_file
from krisc.checks.batch import Batch
from krisc.checks.grouped import _usual
from krisc.columns import Flat
from krisc.findings import KriscError
from krisc.lines import Line
from krisc.store import Corpus

CORPUS = Corpus(ROOT)


@cache
def known():
    """Documents with the bytes of their gold, of those that have no finding."""
    found = []
    for entry in list(CORPUS.index)[:24]:
        document, _ = CORPUS.read_document(entry)
        path = CORPUS.gold_path(entry.id)
        if not check_file(CORPUS, document, document.gold, CORPUS.name(path)):
            found.append((document, path.read_bytes()))
    return found


def sound(documents, files):
    table = read_files([file if _usual(file) else b"{}" for file in files], file_schema(CORPUS.layers))
    if table is None:
        return np.zeros(len(files), bool)
    line = Line([document.text for document in documents])
    batch = Batch(line, table, Flat(table, CORPUS.layers), CORPUS.register, CORPUS.annotators)
    records = [document.record for document in documents]
    return batch.sound([one.id for one in records], [one.sha256 for one in records])


def found(document, file):
    """The findings of one file, its form included."""
    name = CORPUS.name(CORPUS.gold_path(document.record.id))
    try:
        return check_file(CORPUS, document, CORPUS.decoders["gold"].decode(file, name), name)
    except KriscError as error:
        return error.findings


def test_what_has_no_finding_is_beyond_doubt():
    documents, files = zip(*known(), strict=True)
    assert len(files) > 10
    assert sound(documents, files).all()


def leaves(value, path=()):
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))


@cache
def places(number):
    return [path for path in leaves(json.loads(known()[number][1])) if path]


WRONG = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 400), st.sampled_from(["", "e1", "ENTITY", "PERSON", "x\0", " ", "😀"])
)


def broken(file, path, how, value):
    """A file with one thing in it changed, taken away or given twice."""
    whole = json.loads(file)
    *way, last = path
    inner = whole
    for step in way:
        inner = inner[step]
    if how == "set":
        inner[last] = value
    elif how == "shift" and isinstance(inner[last], int):
        inner[last] += 1
    elif how == "twice" and isinstance(inner, list):
        inner.insert(last, inner[last])
    elif how == "extra" and isinstance(inner[last], dict):
        inner[last]["extra"] = value
    else:
        del inner[last]
    return json.dumps(whole, ensure_ascii=False).encode()


@settings(max_examples=250)
@given(st.data())
def test_what_is_beyond_doubt_has_no_finding(data):
    number = data.draw(st.integers(0, min(8, len(known()) - 1)))
    document, file = known()[number]
    path = data.draw(st.sampled_from(places(number)))
    how = data.draw(st.sampled_from(["set", "shift", "twice", "extra", "delete"]))
    changed = broken(file, path, how, data.draw(WRONG))
    other, whole = known()[(number + 1) % len(known())]
    verdict = sound([other, document, other], [whole, changed, whole])
    if verdict[1]:
        assert not found(document, changed)


@pytest.mark.parametrize(
    "odd", [b'{"document":"a","document":"b"}', b"\xef\xbb\xbf{}", b"{} {}", b"[]", b'{"a":"\xff"}']
)
def test_what_is_no_file_is_never_beyond_doubt(odd):
    (document, whole), *_ = known()
    assert not sound([document, document], [odd, whole])[0]
