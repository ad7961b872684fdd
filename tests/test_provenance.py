"""A release says what it was built from, and whoever has the sources can tell whether they are those."""

import hashlib
import json
import shutil

import pytest
from passes_of_example import run

from krisc import __version__
from krisc.provenance import check_sources, inputs
from krisc.release import check_release, compile_corpus, read_facts
from krisc.staging import MANIFEST
from krisc.store import Corpus

LOCK = "requirements.lock"


def found(corpus, facts):
    return [(f.id, f.place.file) for f in check_sources(Corpus(corpus), facts.inputs, facts.written_with)]


def test_every_authored_file_is_an_input_with_its_hash(passes):
    known = inputs(Corpus(passes))
    authored = {
        path.relative_to(passes).as_posix()
        for folder in ("dataset", "annotations", "schema")
        for path in (passes / folder).rglob("*")
        if path.is_file() and "releases" not in path.parts and path.suffix != ".md" and path.name != "splits.json"
    }
    assert set(known) == authored - {"annotations/example.txt"}, (
        "the form that the gold was imported from is not compiled"
    )
    assert "annotations/passes/two/example.json" in authored
    for name, digest in known.items():
        assert hashlib.sha256((passes / name).read_bytes()).hexdigest() == digest


def test_the_inputs_of_the_repository_are_all_that_git_has_of_the_corpus(repository):
    """What is generated, or is said by the rows, is no input; nothing else is left out."""
    names = set(inputs(Corpus(repository)))
    everything = {
        path.relative_to(repository).as_posix()
        for folder in ("dataset", "annotations", "schema/layers")
        for path in (repository / folder).rglob("*")
        if path.is_file() and "releases" not in path.relative_to(repository).parts
    }
    assert {n for n in everything - names if not n.endswith(".md")} == {"dataset/splits.json"}
    assert names - everything == {"LICENSE-DATA"}


def test_the_program_and_the_lock_are_named(starter):
    (starter / LOCK).write_text("click==8.2\n")
    facts = compile_corpus(Corpus(starter)).facts
    assert facts.written_with["program"] == f"krisc {__version__}"
    assert facts.written_with[LOCK] == hashlib.sha256(b"click==8.2\n").hexdigest()
    assert facts.inputs == inputs(Corpus(starter))


def test_a_later_lock_makes_no_release_stale(starter):
    (starter / LOCK).write_text("click==8.2\n")
    facts = compile_corpus(Corpus(starter)).facts
    (starter / LOCK).write_text("click==8.3\n")
    assert list(check_release(Corpus(starter))) == []
    assert compile_corpus(Corpus(starter)).unchanged
    assert found(starter, facts) == [("build-differs", LOCK)]
    renewed = compile_corpus(Corpus(starter), replace=True).facts
    assert renewed.written_with[LOCK] == hashlib.sha256(b"click==8.3\n").hexdigest()


def test_a_lock_that_came_or_went_is_told(compiled):
    without = read_facts(compiled / "dataset/releases/0.1.0")
    (compiled / LOCK).write_text("click==8.2\n")
    assert found(compiled, without) == [("build-differs", LOCK)]
    with_lock = compile_corpus(Corpus(compiled), replace=True).facts
    (compiled / LOCK).unlink()
    assert found(compiled, with_lock) == [("build-differs", LOCK)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda corpus: (corpus / "dataset/raw/example.txt").unlink(), "is gone"),
        (lambda corpus: (corpus / "dataset/raw/other.txt").write_text("x"), "was not there"),
        (lambda corpus: (corpus / "dataset/raw/example.txt").write_bytes(b"\r"), "has other bytes"),
    ],
)
def test_a_changed_source_is_named(compiled, change, problem):
    facts = read_facts(compiled / "dataset/releases/0.1.0")
    assert found(compiled, facts) == []
    change(compiled)
    [finding] = check_sources(Corpus(compiled), facts.inputs, facts.written_with)
    assert finding.id == "source-differs"
    assert finding.place.file.startswith("dataset/raw/")
    assert problem in finding.message


def test_an_editors_hidden_file_is_no_input(compiled):
    facts = read_facts(compiled / "dataset/releases/0.1.0")
    (compiled / "dataset/raw/.example.txt").write_text("half saved")
    assert found(compiled, facts) == []


def test_a_source_that_says_the_same_in_other_bytes_makes_no_release_stale(compiled, tmp_path, capsys):
    facts = read_facts(compiled / "dataset/releases/0.1.0")
    register = compiled / "annotations/annotators.toml"
    register.write_text(register.read_text() + "# seen\n")
    assert compile_corpus(Corpus(compiled)).unchanged
    assert list(check_release(Corpus(compiled))) == []
    assert found(compiled, facts) == [("source-differs", "annotations/annotators.toml")]
    assert run("verify", compiled / "dataset/releases/0.1.0", "--sources", compiled) == 0
    assert "annotations/annotators.toml: warning source-differs" in capsys.readouterr().out
    assert found(compiled, compile_corpus(Corpus(compiled), replace=True).facts) == []


def test_verify_names_the_changed_source_first(starter, tmp_path, capsys):
    assert run("compile", "-q", "--corpus", starter) == 0
    copy = shutil.copytree(starter / "dataset/releases/0.1.0", tmp_path / "copy")
    register = starter / "annotations/annotators.toml"
    register.write_text(register.read_text().replace("which wrote", "that wrote"))
    capsys.readouterr()
    assert run("verify", copy, "--sources", starter) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("annotations/annotators.toml: warning source-differs")
    assert "error release-stale: README.md" in shown


def test_a_release_of_before_has_nothing_to_compare(compiled):
    facts = read_facts(compiled / "dataset/releases/0.1.0")
    manifest = compiled / "dataset/releases/0.1.0" / MANIFEST
    value = json.loads(manifest.read_text())
    del value["inputs"], value["written_with"]["program"]
    manifest.write_text(json.dumps(value))
    old = read_facts(manifest.parent)
    (compiled / "dataset/raw/example.txt").unlink()
    assert found(compiled, old) == []
    assert found(compiled, facts) != []
