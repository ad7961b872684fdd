"""Corpora and releases in object stores: the same findings and bytes as in a folder, and never a traceback."""

import logging
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import s3fs
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from passes_of_example import run

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import corpora

from krisc import agreement, remote, sharding
from krisc.agreement import compare
from krisc.engines import local
from krisc.findings import KriscError
from krisc.reading import opened, read_line
from krisc.release import compile_corpus, splits_of
from krisc.runs import How
from krisc.store import Corpus
from krisc.validation import validate_corpus

NAMES = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_MAX_ATTEMPTS")


@pytest.fixture(scope="module")
def store():
    """A store that speaks S3, with an empty bucket, and nothing of the user's; the environment says where it is."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    before = {name: os.environ.get(name) for name in NAMES}
    os.environ |= dict(zip(NAMES, (f"http://{host}:{port}", "nobody", "nothing", "us-east-1", "1"), strict=True))
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("bucket")
    yield "s3://bucket"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()
    for name, value in before.items():
        os.environ.pop(name)
        os.environ |= {name: value} if value else {}


@pytest.fixture
def base(store, tmp_path):
    """A folder of the store for one test."""
    return f"{store}/{tmp_path.name}"


def sent(folder, url):
    """Put a folder into the store, and return its URL."""
    target = opened(url)
    for path in folder.rglob("*"):
        if path.is_file() and ".krisc" not in path.parts:
            (target / path.relative_to(folder).as_posix()).write_bytes(path.read_bytes())
    return url


def files_of(where):
    """The bytes of every file of a folder, here or in the store."""
    place = opened(where)
    if isinstance(place, Path):
        return {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}
    return {name: (place / name).read_bytes() for name in remote.sizes(place)}


@pytest.fixture(params=["files", "shards"])
def made(request, tmp_path, monkeypatch):
    """A corpus of some documents, in several runs."""
    monkeypatch.setattr(sharding, "SIZE", 2)
    return corpora.build(tmp_path / "corpus", 6, layout=request.param)


# --- the same as in a folder ------------------------------------------------------------------------------------------


def test_a_corpus_in_a_store_is_the_same_as_in_a_folder_here_and_in_two_processes(made, base, tmp_path):
    url = sent(made, f"{base}/corpus")
    here, there = Corpus(made), Corpus(url)
    assert validate_corpus(there) == validate_corpus(here)
    assert validate_corpus(here)[0] == []
    compile_corpus(here, tmp_path / "out")
    with local(2) as engine:
        assert validate_corpus(there, engine=engine) == ([], 6)
        compiled = compile_corpus(there, f"{base}/out", how=How(engine, remember=True))
    assert files_of(f"{base}/out") == files_of(tmp_path / "out") != {}
    assert str(compiled.folder) == f"{base}/out"
    assert compile_corpus(there, f"{base}/out").unchanged
    assert not (made / ".krisc").exists(), "a corpus in a store remembers nothing"


@pytest.mark.parametrize("layout", ["files", "shards"])
def test_passes_in_a_store_are_compared(layout, base, tmp_path, monkeypatch):
    monkeypatch.setattr(agreement, "RUN", 1)
    made = corpora.build(tmp_path / "corpus", 2, layout=layout, passes=2)
    here = compare(Corpus(made))
    assert here.documents == 2
    assert compare(Corpus(sent(made, f"{base}/corpus"))) == here


def test_without_out_the_release_and_the_splits_go_where_the_corpus_is(starter, base):
    url = sent(starter, f"{base}/corpus")
    compile_corpus(Corpus(starter))
    compile_corpus(Corpus(url))
    assert files_of(url) == files_of(starter)
    assert Corpus(url).pinned == splits_of(Corpus(starter))


def test_findings_are_the_same_with_their_lines(starter, grow, base, capsys):
    grow(starter, 3)
    (starter / "dataset/raw/made-0000.txt").write_bytes("کوردستان\r\n𐎠e\u0301".encode())
    (starter / "dataset/raw/made-0001.txt").unlink()
    (starter / "annotations/gold/made-0002.json").write_text('{"a":\n 1, "a": 2}')
    (starter / "dataset/raw/nobody.txt").write_text("?\n")
    url = sent(starter, f"{base}/corpus")
    for words in (("validate", "--json"), ("compile",), ("validate",)):
        assert run(*words, "--corpus", starter) == 1
        wanted = capsys.readouterr().out
        assert run(*words, "--corpus", url) == 1
        assert capsys.readouterr().out == wanted
    assert "text-unlisted" in wanted
    assert "json-duplicate-key" in wanted


def test_a_corpus_that_changes_is_read_anew(starter, base):
    url = sent(starter, f"{base}/corpus")
    assert validate_corpus(Corpus(url))[0] == []
    (opened(url) / "annotations/gold/example.json").write_bytes(b"{")
    assert [f.id for f in validate_corpus(Corpus(url))[0]] == ["json-syntax"]
    (opened(url) / "annotations/gold/example.json").unlink()
    assert [f.id for f in validate_corpus(Corpus(url))[0]] == ["annotation-missing"]


def test_the_commands_take_urls(starter, base, capsys):
    url = sent(starter, f"{base}/corpus/")
    assert run("validate", "--corpus", url) == 0
    assert run("compile", "--corpus", url, "--out", f"{base}/release") == 0
    assert run("agree", "--corpus", url) == 2, "there is one pass"
    assert run("duplicates", "--threshold", "0.5", "--corpus", url) == 0
    told = capsys.readouterr()
    assert f"in {base}/release" in told.err
    assert "passes-too-few" in told.out
    assert "release.json" in files_of(f"{base}/release")
    assert run("fmt", "--corpus", url) == 2
    assert "this command works on folders of this machine" in capsys.readouterr().err


def test_a_variant_without_the_texts_goes_to_a_store(starter, base, tmp_path):
    url = sent(starter, f"{base}/corpus")
    assert run("compile", "--corpus", url, "--withhold", "constructed", "--out", f"{base}/open") in (0, 1)
    assert run("compile", "--corpus", starter, "--withhold", "constructed", "--out", tmp_path / "open") in (0, 1)
    assert files_of(f"{base}/open") == (files_of(tmp_path / "open") if (tmp_path / "open").exists() else {})


# --- releases ---------------------------------------------------------------------------------------------------------


def changed(corpus):
    config = corpus / "dataset/corpus.toml"
    config.write_text(config.read_text().replace("My corpus", "Another corpus"))
    return Corpus(corpus)


def test_a_release_that_differs_is_not_replaced_unless_that_is_wanted(starter, base, tmp_path):
    out = f"{base}/out"
    compile_corpus(Corpus(starter), out)
    (opened(out) / "documents/odd.parquet").write_bytes(b"left from an older release")
    before = files_of(out)
    for corpus in (Corpus(starter), changed(starter)):
        with pytest.raises(KriscError, match="release-differs"):
            compile_corpus(corpus, out)
        assert files_of(out) == before
    compile_corpus(Corpus(starter), out, replace=True)
    compile_corpus(Corpus(starter), tmp_path / "out")
    assert files_of(out) == files_of(tmp_path / "out") != before


def test_a_file_that_was_lost_or_changed_is_noticed(starter, base):
    out = f"{base}/out"
    compile_corpus(Corpus(starter), out)
    whole = files_of(out)
    for name, data in (("README.md", b"?"), ("SHA256SUMS", bytes(len(whole["SHA256SUMS"])))):
        (opened(out) / name).write_bytes(data)
        with pytest.raises(KriscError, match=f"release-differs.*{name}"):
            compile_corpus(Corpus(starter), out)
        (opened(out) / name).write_bytes(whole[name])
    (opened(out) / "README.md").unlink()
    with pytest.raises(KriscError, match=r"release-differs.*README.md"):
        compile_corpus(Corpus(starter), out)


def test_an_interrupted_release_is_not_taken_for_a_whole_one(starter, base, tmp_path, monkeypatch):
    out = f"{base}/out"
    compile_corpus(Corpus(starter), out)
    store = opened(out).fs
    put_file, count = store.put_file, []

    def interrupted(*arguments, **more):
        count.append(arguments)
        if len(count) == 3:
            raise KeyboardInterrupt
        return put_file(*arguments, **more)

    monkeypatch.setattr(store, "put_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compile_corpus(changed(starter), out, replace=True)
    assert "release.json" not in files_of(out)
    assert ".partial" in files_of(out)
    compile_corpus(Corpus(starter), out)
    compile_corpus(Corpus(starter), tmp_path / "out")
    assert files_of(out) == files_of(tmp_path / "out")


def test_a_compile_with_errors_leaves_nothing_there(starter, base):
    (starter / "dataset/raw/example.txt").write_text("changed\n")
    with pytest.raises(KriscError):
        compile_corpus(Corpus(starter), f"{base}/out")
    assert files_of(f"{base}/out") == {}


def test_a_folder_that_holds_something_else_is_left_alone(starter, base):
    (opened(base) / "out/notes.txt").write_bytes(b"mine")
    with pytest.raises(KriscError, match="folder-not-empty"):
        compile_corpus(Corpus(starter), f"{base}/out", replace=True)
    assert files_of(f"{base}/out") == {"notes.txt": b"mine"}


# --- what goes wrong --------------------------------------------------------------------------------------------------


def told(*words):
    """What a command says in a process of its own, which knows the store by its environment alone."""
    done = subprocess.run(
        [sys.executable, "-m", "krisc", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 2
    return done.stdout


def test_a_bucket_that_is_not_there(store, starter):
    assert "corpus-missing" in told("validate", "--corpus", "s3://nobodys/corpus")
    shown = told("compile", "--corpus", starter, "--out", "s3://nobodys/out")
    assert "output-unwritable" in shown
    assert "bucket does not exist" in shown


def test_a_store_that_does_not_answer(store, starter, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    shown = told("validate", "--corpus", "s3://bucket/corpus")
    assert "file-unreadable" in shown
    assert "Could not connect" in shown
    assert "Could not connect" in told("compile", "--corpus", starter, "--out", "s3://bucket/out")


def test_a_store_that_stops_answering_hides_nothing(starter, base, monkeypatch):
    """What cannot be asked for is not taken for missing: a corpus without its passes would look sound."""
    url = sent(starter, f"{base}/corpus")
    store = opened(url).fs

    def unsure(asked, path, *more, **options):
        if "/gold/" in path or "/passes" in path:
            raise RuntimeError("reset by peer")
        return asked(path, *more, **options)

    for name in ("info", "cat_file", "ls"):
        with monkeypatch.context() as patch:
            patch.setattr(store, name, partial(unsure, getattr(store, name)))
            try:
                findings = validate_corpus(Corpus(url))[0]
            except KriscError as error:
                findings = error.findings
            assert {f.id for f in findings} <= {"file-unreadable"}
            assert findings or name == "info", "it is never asked whether gold is there: it is read"
            assert all(f.data["reason"] == "reset by peer" for f in findings)


def test_a_kind_of_store_that_nobody_knows(starter, monkeypatch, capsys):
    for words in (
        ("validate", "--corpus", "nowhere://x/y"),
        ("compile", "--corpus", starter, "--out", "nowhere://x/y"),
    ):
        assert run(*words) == 2
        assert "nowhere" in capsys.readouterr().out
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    assert run("validate", "--corpus", "s3://bucket/corpus") == 2
    shown = capsys.readouterr().out
    assert "extra-missing" in shown
    assert "krisc[s3]" in shown


# --- paths ------------------------------------------------------------------------------------------------------------


def test_paths_of_this_machine_stay_what_they_are(tmp_path):
    for where in (tmp_path, str(tmp_path), tmp_path / "a" / ".."):
        assert type(opened(where)) is type(tmp_path)
        assert opened(where) == tmp_path.resolve()


def test_paths_of_a_store_do_what_paths_do():
    root = opened("memory://krisc-tests/paths/")
    for name in ("b/2.txt", "a-b/3.txt", "a/1.txt", "a/کوردستان.txt"):
        (root / name).write_bytes(name.encode())
    assert [p.relative_to(root).as_posix() for p in sorted(root.glob("*/*.txt"))] == [
        "a/1.txt",
        "a/کوردستان.txt",
        "a-b/3.txt",
        "b/2.txt",
    ]
    assert [p.name for p in root.iterdir()] == ["a", "a-b", "b"]
    assert ((root / "a").is_dir(), (root / "a").is_file(), (root / "c").exists()) == (True, False, False)
    path = root / "a/1.txt"
    assert (path.name, path.stem, path.suffix, path.parent.name) == ("1.txt", "1", ".txt", "a")
    assert (path.read_bytes(), path.stat().st_size, list(root.glob("none/*"))) == (b"a/1.txt", 7, [])
    with pytest.raises(FileNotFoundError):
        (root / "c").open("rb")
    with pytest.raises(FileNotFoundError):
        (root / "c").read_bytes()
    with pytest.raises(ValueError, match="rb"):
        path.open("r")
    (root / "c").unlink(missing_ok=True)


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 50), st.data())
def test_a_file_that_is_read_in_blocks_is_the_same(lines, block, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "BLOCK", block)
        whole = b"\n".join(lines)
        path = opened("memory://krisc-tests/blocks") / "file"
        path.write_bytes(whole)
        with path.open("rb") as stream:
            assert list(stream) == whole.splitlines(keepends=True) if b"\r" not in whole else stream.read() == whole
        offset = data.draw(st.integers(0, len(whole)))
        length = data.draw(st.integers(0, len(whole) - offset))
        assert read_line(path, offset, length) == whole[offset : offset + length]
