"""The command as a person types it: help, examples, exit codes, quiet, JSON, and no traceback."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import click
import pytest

from krisc.cli import cli, main


def commands() -> list[tuple[str, click.Command]]:
    found = []
    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", sub) for inner, sub in command.commands.items()]
        else:
            found.append((name, command))
    return found


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return int(end.value.code or 0)


def test_the_help_tells_the_story_in_order() -> None:
    text = " ".join((cli.help or "").split())
    places = [
        text.index(f"({word})")
        for word in (
            "new",
            "author",
            "fmt",
            "reanchor",
            "validate, explain",
            "duplicates",
            "wording",
            "agree",
            "adjudicate",
            "judge",
            "review",
            "split",
            "compile",
            "hydrate",
            "diff",
            "release",
            "docs",
            "check",
            "verify",
            "view",
            "publish",
            "cite",
            "import, export",
        )
    ]
    assert places == sorted(places)
    assert cli.list_commands(click.Context(cli)) == [
        "new",
        "author",
        "fmt",
        "reanchor",
        "validate",
        "explain",
        "duplicates",
        "wording",
        "agree",
        "adjudicate",
        "judge",
        "review",
        "split",
        "compile",
        "hydrate",
        "diff",
        "release",
        "docs",
        "check",
        "verify",
        "view",
        "publish",
        "cite",
        "import",
        "export",
    ]


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_has_an_example_that_parses(name: str, command: click.Command) -> None:
    lines = [line.strip() for line in (command.epilog or "").splitlines() if line.strip().startswith("krisc ")]
    assert lines
    for line in lines:
        words = line.split(" > ")[0].split()[1:]
        group, rest = (cli.commands[words[0]], words[1:])
        if isinstance(group, click.Group):
            group, rest = group.commands[rest[0]], rest[1:]
        group.make_context(name, rest)


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_has_the_common_options(name: str, command: click.Command) -> None:
    options = {o for p in command.params for o in p.opts}
    if name != "explain":
        assert "--quiet" in options
    if name not in ("new", "explain", "verify", "hydrate"):
        assert options & {"--corpus", "--into"}
    if name in ("validate", "explain", "compile", "check"):
        assert "--json" in options
    assert all(isinstance(p, click.Argument) or p.help for p in command.params)


def test_new_validate_compile_docs_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made" / "corpus"
    assert run("new", folder) == 0
    for command in ("validate", "fmt", "compile", "docs", "check"):
        assert run(command, "--corpus", folder) == 0, capsys.readouterr()
    out = capsys.readouterr()
    assert "0 error(s), 0 warning(s)" in out.err


def test_quiet_prints_nothing_when_all_is_well(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("validate", "fmt", "compile", "docs", "check"):
        assert run(command, "--quiet", "--corpus", starter) == 0
    out = capsys.readouterr()
    assert (out.out, out.err) == ("", "")


def test_json_is_json(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, key in (("validate", "findings"), ("compile", "tables"), ("check", "findings")):
        run(command, "--json", "--quiet", "--corpus", starter)
        assert key in json.loads(capsys.readouterr().out)
    run("explain", "--json")
    assert {"id", "level", "mend"} <= json.loads(capsys.readouterr().out)[0].keys()


def test_exit_codes(starter: Path, tmp_path: Path) -> None:
    gold = starter / "annotations/gold/example.json"
    assert run("validate", "--corpus", starter) == 0
    gold.write_text(gold.read_text().replace("Zerin", "Zarin"))
    assert run("validate", "--corpus", starter) == 1
    assert run("compile", "--corpus", starter) == 1
    assert run("validate", "--corpus", tmp_path) == 2
    assert run("validate", "--corpus", starter, "not-there.json") == 2
    assert run("explain", "no-such-finding") == 2
    assert run("no-such-command") == 2


def test_warnings_fail_only_when_asked(starter: Path) -> None:
    gold = starter / "annotations/gold/example.json"
    value = json.loads(gold.read_text())
    del value["layers"]["relation"]
    gold.write_text(json.dumps(value))
    assert run("validate", "--corpus", starter) == 0
    assert run("validate", "--strict", "--corpus", starter) == 1


def test_validate_takes_files(
    starter: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(starter)
    assert run("validate", "annotations/gold/example.json") == 0
    assert run("validate", "dataset/raw/example.txt") == 0
    assert run("validate", "dataset/documents.jsonl") == 0
    assert capsys.readouterr().err.count("1 document(s) checked") == 3


def test_fmt_places_quotes_numbers_annotations_and_is_idempotent(starter: Path) -> None:
    gold = starter / "annotations/gold/example.json"
    canonical = gold.read_text()
    value = json.loads(canonical)
    for layer in value["layers"].values():
        for annotation in layer:
            for segment in [*annotation.get("segments", []), *annotation.get("trigger", [])]:
                del segment["start"], segment["end"]
    gold.write_text(json.dumps(value, indent=4))
    assert run("fmt", "--check", "--corpus", starter) == 1
    assert run("fmt", "--corpus", starter) == 0
    assert gold.read_text() == canonical
    assert run("fmt", "--check", "--corpus", starter) == 0


def test_fmt_leaves_a_file_alone_that_it_cannot_place(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = starter / "annotations/gold/example.json"
    value = json.loads(gold.read_text())
    value["layers"]["entity"][0]["segments"] = [{"quote": "nowhere"}]
    gold.write_text(json.dumps(value))
    before = gold.read_text()
    assert run("fmt", "--corpus", starter) == 1
    assert "quote-not-found" in capsys.readouterr().out
    assert gold.read_text() == before


def test_export_and_import_give_the_same_annotation(starter: Path, tmp_path: Path) -> None:
    gold = starter / "annotations/gold/example.json"
    draft = tmp_path / "draft.txt"
    assert run("author", "export", gold, "--out", draft, "--corpus", starter) == 0
    draft.write_text("@annotator starter\n@date 2000-01-01\n" + draft.read_text())
    before = gold.read_text()
    assert run("author", "import", draft, "--gold", "--corpus", starter) == 0
    assert gold.read_text() == before
    assert run("author", "import", draft, "--corpus", starter) == 0
    assert run("validate", "--corpus", starter) == 0
    assert (starter / "annotations/passes/starter/example.json").is_file()


@pytest.mark.parametrize(
    "command", ["validate", "fmt", "duplicates", "agree", "adjudicate", "compile", "docs", "check"]
)
def test_no_command_shows_a_traceback(command: str, tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset/corpus.toml").write_bytes(b"\xff\xfe")
    done = subprocess.run(
        [sys.executable, "-m", "krisc", command, "--corpus", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr + done.stdout
    assert "not-utf8" in done.stdout


def test_the_scripts_are_the_commands(repository: Path, starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--corpus", str(starter)]
    done = subprocess.run(
        [sys.executable, str(repository / "scripts/validate.py"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for script in ("compile", "datasheet", "check"):
        path = str(repository / f"scripts/{script}.py")
        monkeypatch.setattr(sys, "argv", [path, *words])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name="__main__")
        assert not end.value.code
    assert (starter / "dataset/releases/0.1.0/release.json").is_file()
    assert (starter / "CITATION.cff").is_file()
