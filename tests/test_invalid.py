"""The smallest bad input for every finding: its exact words, its place, its exit code, and nothing on disk changed.

A case is a folder of `tests/invalid/`, named for its finding. It starts from the corpus of `krisc new`: `files/` is laid
over it, the commands of `before` run, what `delete` names goes, and `after/` is laid over the rest. Then `command` (by
default `validate`) must say `expected.txt` and end with the code `exit` (by default 1). `KRISC_REGENERATE=1` writes the
expected texts anew, to be read in the diff.
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
from functools import cache
from pathlib import Path

import pytest

from krisc import places
from krisc.cli import main
from krisc.findings import KriscError, catalogue
from krisc.form import Form
from krisc.jsontext import JsonError, loads
from krisc.reading import plain
from krisc.schemas import fixed
from krisc.store import Corpus

FOLDERS = sorted(path.parent for path in (Path(__file__).parent / "invalid").glob("*/case.toml"))
# Findings that no authored file can bring about, and the tests that do.
NO_CASE = {
    "batch-invalid": "tests/test_parquet.py",
    "extra-missing": "tests/test_tools.py",
    "changelog-stale": "tests/test_changelog.py",
    "publish-failed": "tests/test_publishing.py",
    **dict.fromkeys(("withheld-readable", "withheld-broken"), "tests/test_withholding.py"),
    "page-missing": "tests/test_serving.py",
    **dict.fromkeys(("worker-lost", "cluster-failed"), "tests/test_engines.py"),
    **dict.fromkeys(("content-altered", "version-mixed", "figure-wrong"), "tests/test_verify.py"),
}
# The commands that print findings in forms for programs, with the options that ask for them.
FORMATS = {
    "validate": ("--format json", "--format sarif", "--format github"),
    **dict.fromkeys(("agree", "check", "compile", "export", "import", "publish", "verify"), ("--json",)),
}


@cache
def told_by(folder):
    return tomllib.loads((folder / "case.toml").read_text())


def id_of(folder):
    return folder.name.partition("--")[0]


def command_of(folder):
    return told_by(folder).get("command", "validate")


def cases(folders=FOLDERS):
    """The folders as parameters."""
    return [pytest.param(folder, id=folder.name) for folder in folders]


def run(words):
    """What a command prints on standard output, and its exit code. An error that is no finding passes through."""
    places.forget()
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), pytest.raises(SystemExit) as ended:
        main(shlex.split(words))
    return out.getvalue(), ended.value.code or 0


@pytest.fixture(scope="module")
def made(request, _starter, tmp_path_factory):
    """The folder of a case, and its corpus, ready for the command: made once for all tests of the case."""
    folder, told = request.param, told_by(request.param)
    corpus = Path(shutil.copytree(_starter, tmp_path_factory.mktemp("case") / "corpus"))
    if (folder / "files").exists():
        shutil.copytree(folder / "files", corpus, dirs_exist_ok=True)
    with contextlib.chdir(corpus):
        for command in told.get("before", ()):
            run(command)
    for name in told.get("delete", ()):
        (corpus / name).unlink()
    if (folder / "after").exists():
        shutil.copytree(folder / "after", corpus, dirs_exist_ok=True)
    return folder, corpus


@pytest.fixture
def prepared(made, tmp_path, monkeypatch):
    """The folder of a case, and a copy of its corpus, in which we are."""
    folder, corpus = made
    copy = Path(shutil.copytree(corpus, tmp_path / "corpus"))
    monkeypatch.chdir(copy)
    return folder, copy


def on_disk(folder):
    """Hashes of the files of a folder; its memory may change."""
    files = (p for p in folder.rglob("*") if p.is_file() and ".krisc" not in p.parts)
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize("made", cases(), indirect=True)
def test_the_smallest_bad_case(prepared):
    folder, corpus = prepared
    told, golden = told_by(folder), folder / "expected.txt"
    before = on_disk(corpus.parent)  # what a path such as ../out would write is seen too
    out, code = run(command_of(folder))
    shown = out.replace(str(corpus), "<corpus>")
    if os.environ.get("KRISC_REGENERATE"):
        golden.write_bytes(shown.encode())
    assert re.search(rf"^\S.*: (error|warning|unreadable) {id_of(folder)}: ", shown, re.MULTILINE)
    assert shown == golden.read_bytes().decode()
    assert code == told.get("exit", 1)
    assert on_disk(corpus.parent) == before


@pytest.mark.one_python
@pytest.mark.parametrize("made", cases(f for f in FOLDERS if command_of(f).split()[0] in FORMATS), indirect=True)
def test_programs_can_read_what_is_found(prepared):
    folder, corpus = prepared
    command = command_of(folder)
    for option in FORMATS[command.split()[0]]:
        out, code = run(f"{command} {option}")
        assert code == told_by(folder).get("exit", 1)
        read = {"sarif": read_sarif, "github": read_github}.get(option.split()[-1], read_json)
        assert id_of(folder) in set(read(out, corpus))


def test_the_short_option_for_json_is_the_long_one(starter):
    (starter / "dataset/raw/example.txt").write_text("Other words.\n")
    short, long = (run(f"validate --corpus {starter} {option}") for option in ("--json", "--format json"))
    assert short == long
    assert long[1] == 1
    assert "text-hash-mismatch" in long[0]


def read_json(out, corpus):
    told = json.loads(out)
    assert told["errors"] + told["warnings"] == len(told["findings"]) > 0
    for one in told["findings"]:
        kind = catalogue()[one["id"]]
        assert (one["level"], one["severity"]) == (kind.level, kind.severity)
        assert all(one[key] for key in ("file", "found", "expected", "mend"))
        for place in (one, *one["related"]):
            stands_in_its_file(corpus, place["file"], place.get("line"), place.get("column"))
        yield one["id"]


def read_sarif(out, corpus):
    log = json.loads(out)
    assert log["version"] == "2.1.0"
    [one] = log["runs"]
    rules = {rule["id"] for rule in one["tool"]["driver"]["rules"]}
    assert rules <= set(catalogue())
    for result in one["results"]:
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            place = location["physicalLocation"]
            region = place.get("region", {})
            start = (region.get("startLine"), region.get("startColumn"))
            uri = place["artifactLocation"]["uri"]
            assert not uri.startswith("/")
            stands_in_its_file(corpus, uri, *start)
            assert "endLine" not in region or start <= (region["endLine"], region["endColumn"])
        yield result["ruleId"]


def read_github(out, corpus):
    for line in out.splitlines():
        match = re.fullmatch(
            r"::(?:error|warning) file=([^/,][^,]*)(?:,line=(\d+),col=(\d+))?,title=([a-z0-9-]+)%3A [^:]+::.+", line
        )
        file, row, column, id_ = match.groups()
        stands_in_its_file(corpus, file, row and int(row), column and int(column))
        yield id_


def stands_in_its_file(corpus, file, line, column):
    """A line and a column (from 1, in code points) are places that the file has."""
    if line is not None:
        lines = (corpus / file).read_bytes().decode(errors="replace").split("\n")
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


@pytest.mark.one_python
@pytest.mark.parametrize("made", cases(), indirect=True)
def test_both_validators_give_the_same_verdict(prepared):
    """jsonschema-rs, which screens, and jsonschema, which explains, on every authored file of every case."""
    _, corpus = prepared
    try:
        annotations = Corpus(corpus).forms
    except KriscError:  # without layers, there is no schema of annotations
        annotations = {}
    for path in sorted(p for p in corpus.rglob("*") if p.is_file()):
        form = form_of(path.relative_to(corpus).as_posix(), annotations)
        for value in values_in(path) if form else ():
            assert form.screen.is_valid(value) == form.explainer.is_valid(value), path


def form_of(name, annotations):
    """The schema of an authored file; None for other files."""
    if re.fullmatch(r"annotations/reviews/.*\.jsonl", name):
        return annotations.get("review")
    if re.fullmatch(r"annotations/(gold|passes)/.*\.json", name):
        return annotations.get("gold" if "/gold/" in name else "pass")
    patterns = {
        r"schema/layers/.*\.toml": "layer",
        r"annotations/decisions/.*\.toml": "decisions",
        r"annotations/annotators\.toml": "annotators",
        r"dataset/sources/.*\.json": "sources",
        r"annotations/judgements/.*\.json": "judgements",
        r"dataset/(corpus|documents|entities|splits)\.(toml|jsonl?)": name.rpartition("/")[2].partition(".")[0],
    }
    return next((fixed_form(schema) for pattern, schema in patterns.items() if re.fullmatch(pattern, name)), None)


@cache
def fixed_form(schema):
    return Form(fixed(schema))


def values_in(path):
    """The values in a file, as far as they can be parsed."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    for part in text.splitlines() if path.suffix == ".jsonl" else [text]:
        with contextlib.suppress(JsonError, tomllib.TOMLDecodeError, RecursionError):
            yield plain(tomllib.loads(part)) if path.suffix == ".toml" else loads(part)


def test_every_finding_has_its_case():
    assert {id_of(folder) for folder in FOLDERS} == set(catalogue()) - set(NO_CASE)
    for name, file in NO_CASE.items():
        assert name in (Path(__file__).parents[1] / file).read_text()


def test_every_case_says_what_it_is_about():
    for folder in FOLDERS:
        assert told_by(folder)["about"].endswith(".")
        assert set(told_by(folder)) <= {"about", "before", "delete", "command", "exit"}
