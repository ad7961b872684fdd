"""Commands that write authored files: what they refuse, they leave as it was."""

import errno
import json
from pathlib import Path

import pytest
from passes_of_example import run
from test_adjudication import GOLD, adjudicate, decide

from krisc.files import write_atomically

EXAMPLE = "annotations/gold/example.json"


def test_an_import_for_a_document_that_is_not_listed(starter, capsys):
    source = starter / "draft.txt"
    source.write_text((starter / "annotations/example.txt").read_text().replace("@document example", "@document other"))
    assert run("author", "import", source, "--corpus", starter) == 1
    assert "annotation-unlisted" in capsys.readouterr().out


def test_an_export_to_a_file(starter, capsys):
    assert run("author", "export", starter / EXAMPLE, "--corpus", starter, "--out", starter / "out.txt") == 0
    words = (starter / "out.txt").read_text()
    assert 'PERSON karwan "Karwan" mention=name' in words
    assert run("author", "export", starter / EXAMPLE, "--corpus", starter) == 0
    assert capsys.readouterr().out == words


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda s: s.replace('"PERSON"', '"PERSN"'), "unknown-label"),
        (lambda s: s[:-10], "json-syntax"),
        (lambda s: s.replace('"document": "example"', '"document": "other"'), "annotation-unlisted"),
        (lambda s: s.replace('"start": 7, "end": 10, "quote": "met"', '"quote": "mat"'), "quote-not-found"),
    ],
)
def test_fmt_leaves_a_file_alone_that_it_cannot_read(starter, change, finding, capsys):
    path = starter / EXAMPLE
    path.write_text(change(path.read_text()))
    before = path.read_bytes()
    assert run("fmt", "--corpus", starter) == 1
    assert finding in capsys.readouterr().out
    assert path.read_bytes() == before


def test_fmt_fills_in_what_follows_from_the_rest(starter):
    path = starter / EXAMPLE
    value = json.loads(path.read_text())
    for field in ("sha256", "guidelines", "document"):
        del value[field]
    del value["layers"]["entity"][2]["id"]
    value["layers"]["entity"][2]["segments"] = [{"quote": "Soran"}]
    value["layers"]["entity"].append(
        {"label": "PLACE", "segments": [{"quote": "r", "occurrence": 1}], "attributes": {"mention": "name"}}
    )
    value["layers"]["event"][0]["arguments"] = [{"role": "Place", "target": "ent-001"}]
    path.write_text(json.dumps(value))
    run("fmt", "--corpus", starter)
    made = json.loads(path.read_text())
    assert (made["document"], made["guidelines"], len(made["sha256"])) == ("example", "0.1.0", 64)
    places = {a["id"]: a["segments"][0] for a in made["layers"]["entity"]}
    assert places["ent-001"] == {"start": 20, "end": 25, "quote": "Soran"}
    assert places["ent-002"] == {"start": 2, "end": 3, "quote": "r"}
    assert run("fmt", "--check", "--corpus", starter) == 0, "what fmt writes is canonical"


def test_fmt_gives_no_number_that_is_taken(starter):
    path = starter / EXAMPLE
    value = json.loads(path.read_text())
    first, second, *_ = value["layers"]["entity"]
    for one in value["layers"]["event"], value["layers"]["relation"], value["layers"]["coreference"]:
        one.clear()
    first["id"] = "ent-001"
    del second["id"]
    path.write_text(json.dumps(value))
    assert run("fmt", "--corpus", starter) == 0
    assert [a["id"] for a in json.loads(path.read_text())["layers"]["entity"]][:2] == ["ent-001", "ent-002"]


def test_an_export_of_what_does_not_fit_its_text_is_refused(starter, capsys):
    path = starter / EXAMPLE
    before = path.read_text()
    path.write_text(before.replace('"quote": "Soran"', '"quote": "Sorak"'))
    assert run("author", "export", path, "--corpus", starter) == 1
    assert "quote-mismatch" in capsys.readouterr().out
    path.write_text(before)
    (starter / "dataset/raw/example.txt").unlink()
    assert run("author", "export", path, "--corpus", starter) != 0
    assert "example.txt" in capsys.readouterr().out


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Exception, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path], "no temporary file stays behind"


def test_adjudication_needs_passes_without_errors(passes, capsys):
    path = passes / "annotations/passes/two/example.json"
    path.write_text(path.read_text().replace('"quote": "Soran"', '"quote": "Sorak"'))
    before = (passes / GOLD).read_bytes()
    assert adjudicate(passes, "--replace") == 1
    assert "quote-mismatch" in capsys.readouterr().out
    path.write_text("{")
    assert adjudicate(passes, "--replace") == 1
    assert "json-syntax" in capsys.readouterr().out
    assert (passes / GOLD).read_bytes() == before
    assert not (passes / "annotations/decisions").exists()


def test_adjudication_makes_gold_where_there_is_none(passes):
    (passes / GOLD).unlink()
    assert adjudicate(passes) == 1
    decide(passes, lambda c: "A")
    assert adjudicate(passes) == 0
    assert "adjudicated" in (passes / GOLD).read_text()


def test_gold_that_cannot_be_read_does_not_stop_adjudication(passes):
    (passes / GOLD).write_text("{")
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    assert adjudicate(passes, "--replace") == 0


def test_a_decision_that_breaks_a_rule_is_reported_on_the_gold_it_made(passes, capsys):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "neither" if c["layer"] == "entity" else "A")
    adjudicate(passes, "--replace")
    decide(passes, lambda c: ("new", "KNOWS r head=k tail=p") if c["layer"] == "relation" else c["decide"])
    capsys.readouterr()
    assert adjudicate(passes, "--replace") == 1
    assert "target-dangling" in capsys.readouterr().out


def test_one_document_with_two_passes_does_not_stop_at_one_with_fewer(passes, grow, capsys):
    grow(passes, 2)
    assert adjudicate(passes, "--replace") == 1
    assert "conflict-unresolved" in capsys.readouterr().out
    assert adjudicate(passes, "made-0001") == 2
    assert "passes-too-few" in capsys.readouterr().out


def test_a_folder_without_layers(starter, capsys):
    for path in (starter / "schema/layers").glob("*.toml"):
        path.unlink()
    assert run("validate", "--corpus", starter) == 2
    assert "there is no layer file" in capsys.readouterr().out


def test_a_broken_layer_is_named(starter, capsys):
    path = starter / "schema/layers/event.toml"
    path.write_text(path.read_text().replace('kind = "event"', 'kind = "evnt"'))
    assert run("compile", "--corpus", starter, "--out", Path(starter) / "out") == 1
    shown = capsys.readouterr().out
    assert "schema-violation" in shown
    assert "evnt" in shown
