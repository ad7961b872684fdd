"""The smallest bad input for every finding: its exact message, its exit code, and nothing on disk changed.

A case is a folder of `tests/invalid/`, named for its finding. It starts from the corpus of `krisc new`; `files/` is laid
over it, the commands of `before` run, `after/` is laid over that, what `delete` names goes, and then `command` must say
`expected.txt` and end with the code `exit`. `KRISC_REGENERATE=1` writes the expected texts anew, to be read in the diff.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

from krisc import places
from krisc.cli import main
from krisc.findings import KriscError, catalogue
from krisc.form import Form
from krisc.jsontext import JsonError, loads
from krisc.schemas import fixed
from krisc.store import Corpus

CASES = sorted(path.parent for path in (Path(__file__).parent / "invalid").glob("*/case.toml"))
# Findings that no input can bring about: what they guard is the compiler itself. Tested by a unit test each.
NO_CASE = {"batch-invalid": "tests/test_parquet.py"}


def told_by(case):
    return tomllib.loads((case / "case.toml").read_text())


def expected_of(case):
    return case.name.partition("--")[0]


VALIDATED = [case for case in CASES if "command" not in told_by(case)]  # the formats belong to `krisc validate`


def run(*words):
    """What a command prints on standard output and standard error, and its exit code."""
    places.forget()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(list(words))
    return out.getvalue(), err.getvalue(), ended.value.code or 0


@pytest.fixture
def prepared(request, starter, monkeypatch):
    """The corpus of a case, ready for its command, and what its case.toml says."""
    case = request.param
    told = told_by(case)
    monkeypatch.chdir(starter)
    if (case / "files").exists():
        shutil.copytree(case / "files", starter, dirs_exist_ok=True)
    for command in told.get("before", ()):
        run(*shlex.split(command))
    if (case / "after").exists():
        shutil.copytree(case / "after", starter, dirs_exist_ok=True)
    for name in told.get("delete", ()):
        (starter / name).unlink()
    return case, told, starter


def on_disk(folder):
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("prepared", CASES, ids=lambda case: case.name, indirect=True)
def test_the_smallest_bad_case(prepared):
    case, told, corpus = prepared
    before = on_disk(corpus)
    out, _, code = run(*shlex.split(told.get("command", "validate")))
    shown = out.replace(str(corpus), "<corpus>")
    golden = case / "expected.txt"
    if os.environ.get("KRISC_REGENERATE"):
        golden.write_text(shown, newline="")
    assert shown == golden.read_text()
    assert code == told.get("exit", 1)
    assert re.search(rf"^\S.*: (error|warning|unreadable) {expected_of(case)}: ", shown, re.MULTILINE)
    assert on_disk(corpus) == before


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
@pytest.mark.parametrize("prepared", VALIDATED, ids=lambda case: case.name, indirect=True)
def test_programs_can_read_what_is_found(prepared, form):
    case, told, _ = prepared
    out, _, code = run("validate", "--format", form)
    assert code == told.get("exit", 1)
    if form == "json":
        assert expected_of(case) in {f["id"] for f in json.loads(out)["findings"]}
    elif form == "sarif":
        log = json.loads(out)
        assert log["version"] == "2.1.0"
        [one] = log["runs"]
        rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
        assert expected_of(case) in {result["ruleId"] for result in one["results"]}
        for result in one["results"]:
            assert result["ruleId"] in rules
            assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    else:
        assert all(re.match(r"::(error|warning) ", line) for line in out.splitlines())
        assert expected_of(case) in out


@pytest.mark.parametrize("prepared", CASES, ids=lambda case: case.name, indirect=True)
def test_both_validators_give_the_same_verdict(prepared):
    """jsonschema-rs, which screens, and jsonschema, which explains, on every authored file of every case."""
    _, _, corpus = prepared
    layers = corpus if not _broken_layers(corpus) else None
    for path in sorted(corpus.rglob("*")):
        form = _form_of(path.relative_to(corpus).as_posix(), layers)
        for value in _values(path) if form else ():
            assert form.screen.is_valid(value) == form.explainer.is_valid(value), path


def _broken_layers(corpus):
    try:
        return not Corpus(corpus).forms
    except KriscError:
        return True


def _form_of(name, corpus):
    if name.startswith("annotations/") and name.endswith(".json"):
        return corpus and Corpus(corpus).forms["pass" if "/passes/" in name else "gold"]
    patterns = {
        "dataset/corpus.toml": "corpus",
        "dataset/documents.jsonl": "documents",
        "dataset/entities.jsonl": "entities",
        "dataset/splits.json": "splits",
        "annotations/annotators.toml": "annotators",
    }
    if name.startswith("schema/layers/"):
        return Form(fixed("layer"))
    if name.startswith("annotations/decisions/"):
        return Form(fixed("decisions"))
    return Form(fixed(patterns[name])) if name in patterns else None


def _values(path):
    """The values in a file, as far as they can be parsed."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    for part in text.splitlines() if path.suffix == ".jsonl" else [text]:
        with contextlib.suppress(JsonError, tomllib.TOMLDecodeError):
            yield tomllib.loads(part) if path.suffix == ".toml" else loads(part)


def test_every_finding_has_its_case():
    assert {expected_of(case) for case in CASES} == set(catalogue()) - set(NO_CASE)
    for name, file in NO_CASE.items():
        assert name in (Path(__file__).parents[1] / file).read_text()


def test_every_case_says_what_it_is_about():
    for case in CASES:
        assert told_by(case)["about"].endswith(".")
