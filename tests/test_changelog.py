"""Differences between states, the version they call for, the changelog, and retractions."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import _grow
from passes_of_example import run

from krisc.changelog import difference, entered
from krisc.comparing import bumped
from krisc.files import sha256
from krisc.findings import KriscError
from krisc.reports import difference_page
from krisc.store import Corpus

GOLD = "annotations/gold/example.json"


def version(corpus, number):
    path = corpus / "dataset/corpus.toml"
    text = path.read_text()
    old = next(line for line in text.splitlines() if line.startswith("version = "))
    path.write_text(text.replace(old, f'version = "{number}"'))


def edit(corpus, change, name=GOLD):
    path = corpus / name
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


@pytest.fixture(scope="session")
def _released(_starter, tmp_path_factory):
    corpus = Path(shutil.copytree(_starter, tmp_path_factory.mktemp("released") / "corpus"))
    _grow(corpus, 2)
    assert run("fmt", "--corpus", corpus, "-q") == 0
    assert run("release", "--corpus", corpus, "-q") == 0
    return corpus


@pytest.fixture
def released(_released, tmp_path):
    """A corpus of three documents, released as 0.1.0."""
    return Path(shutil.copytree(_released, tmp_path / "corpus"))


def changed(corpus):
    return difference(Corpus(corpus), "0.1.0", ".")


def test_nothing_changed(released):
    made = changed(released)
    assert (made.documents, made.labels, made.level) == ([], [], "none")


def test_an_annotation_is_matched_by_its_words_and_not_by_its_id(released):
    def rename(value):
        for a in value["layers"]["entity"]:
            a["id"] = f"x-{a['id']}"
        for g in value["layers"]["event"][0]["arguments"] + value["layers"]["relation"][0]["arguments"]:
            g["target"] = f"x-{g['target']}"
        value["layers"]["coreference"][0]["members"] = ["x-karwan"]

    edit(released, rename)
    assert [d.annotations for d in changed(released).documents] == [[]]


@pytest.mark.parametrize(
    ("change", "layer", "kind", "what"),
    [
        (lambda v: v["layers"]["entity"][2].update(label="PERSON"), "entity", "changed", ["label"]),
        (
            lambda v: v["layers"]["entity"][0]["segments"][0].update(end=5, quote="Karwa"),
            "entity",
            "changed",
            ["words"],
        ),
        (
            lambda v: v["layers"]["event"][0]["attributes"].update(modality="planned"),
            "event",
            "changed",
            ["attributes"],
        ),
        (lambda v: v["layers"]["event"][0]["arguments"].pop(), "event", "changed", ["roles"]),
        (lambda v: v["layers"]["relation"].clear(), "relation", "removed", []),
        (lambda v: v["layers"]["coreference"][0]["members"].append("zerin"), "coreference", "changed", ["members"]),
        (lambda v: v["layers"]["entity"][0].update(note="seen"), "entity", "changed", ["note"]),
    ],
)
def test_every_part_of_an_annotation_that_changed_is_named(released, change, layer, kind, what):
    edit(released, change)
    made = changed(released)
    [document] = made.documents
    found = [(a.layer, a.kind, a.what) for a in document.annotations]
    assert (layer, kind, what) in found
    assert (made.level, document.kind) == ("patch", "changed")


def test_who_decided_is_told_apart_from_what_was_decided(released):
    edit(released, lambda v: v["layers"]["entity"][0].update(checked_by=["starter"]))
    [document] = changed(released).documents
    assert (document.annotations, document.provenance) == ([], 1)


def test_a_corrected_text_takes_its_annotations_along(released):
    text = "Then Karwan met Zerin in Soran.\n"
    (released.parent / "corrected.txt").write_text(text)
    run("reanchor", "example", released.parent / "corrected.txt", "--write", "--corpus", released, "-q")
    [document] = changed(released).documents
    assert document.text_changed
    assert document.annotations == []
    assert document.metadata["sha256"][1] == sha256(text.encode())


def test_documents_that_come_and_go(released):
    listing = released / "dataset/documents.jsonl"
    lines = listing.read_text().splitlines()
    listing.write_text("\n".join(lines[:-1]) + "\n")
    gone = json.loads(lines[-1])["id"]
    (released / f"dataset/raw/{gone}.txt").unlink()
    (released / f"annotations/gold/{gone}.json").unlink()
    made = changed(released)
    assert [(d.id, d.kind) for d in made.documents] == [(gone, "removed")]
    assert made.level == "major"
    assert run("validate", "--corpus", released, "-q") == 1, "it left without a word"
    told = {"document": gone, "version": "1.0.0", "date": "2024-01-01", "reason": "The publisher asked for it."}
    (released / "dataset/retractions.jsonl").write_text(json.dumps(told) + "\n")
    assert run("validate", "--corpus", released, "-q") == 0
    assert [(d.kind, d.reason) for d in changed(released).documents] == [("retracted", told["reason"])]
    version(released, "1.0.0")
    assert run("release", "--corpus", released, "-q") == 0
    facts = json.loads((released / "dataset/releases/1.0.0/release.json").read_text())
    assert facts["retracted"] == [told]
    assert told["reason"] in (released / "dataset/releases/1.0.0/README.md").read_text()
    assert told["reason"] in (released / "CHANGELOG.md").read_text()
    back = difference(Corpus(released), "1.0.0", "0.1.0")
    assert [(d.id, d.kind) for d in back.documents] == [(gone, "added")]


def test_a_new_label_is_minor_and_a_new_meaning_major(released):
    path = released / "schema/layers/relation.toml"
    text = path.read_text()
    path.write_text(text + "\n[labels.LIKES]\n" + text.partition("[labels.KNOWS]\n")[2].partition("\n\n")[0] + "\n")
    made = changed(released)
    assert ([(c.layer, c.label, c.kind) for c in made.labels], made.level) == (
        [("relation", "LIKES", "added")],
        "minor",
    )
    path.write_text(text.replace("The head knows the tail.", "They have met."))
    assert (changed(released).labels[0].kind, changed(released).level) == ("redefined", "major")


def test_a_moved_split_is_major(released):
    edit(released, lambda v: v["documents"].update(example="test"), "dataset/splits.json")
    assert changed(released).level == "major"


@pytest.mark.parametrize(
    ("level", "wanted"), [("major", "2.0.0"), ("minor", "1.3.0"), ("patch", "1.2.4"), ("none", "1.2.3")]
)
def test_versions_are_semantic(level, wanted):
    assert bumped("1.2.3", level) == wanted


def test_a_release_refuses_less_than_the_change_calls_for(released, grow, capsys):
    grow(released, 5)
    run("fmt", "--corpus", released, "-q")
    version(released, "0.1.1")
    assert run("release", "--corpus", released) == 1
    assert "0.2.0 or higher" in capsys.readouterr().out
    assert not (released / "dataset/releases/0.1.1").exists()
    version(released, "0.2.0")
    assert run("release", "--corpus", released, "-q") == 0
    assert run("check", "--corpus", released, "-q") == 0
    path = released / "CHANGELOG.md"
    assert "- Documents: 3 added" in path.read_text()
    path.write_text(path.read_text().replace("3 added", "4 added"))
    assert run("check", "--corpus", released, "-q") == 1
    assert "changelog-stale" in capsys.readouterr().out


def test_what_people_write_in_the_changelog_stays():
    mine = "# Changelog\n\nIntro.\n\n## 2.0.0\n\nMy words.\n\n## 1.0.0\n\nOld.\n"
    once = entered(mine, "2.0.0", "1.0.0", "- computed\n")
    assert "My words." in once
    assert once.index("computed") < once.index("## 1.0.0")
    again = entered(once, "2.0.0", "1.0.0", "- computed anew\n")
    assert again.count("computed") == 3, (
        "the summary was replaced: once in the heading, once in itself, once at the end"
    )
    assert "My words." in again
    new = entered(again, "2.1.0", "2.0.0", "- next\n")
    assert new.index("## 2.1.0") < new.index("## 2.0.0")
    assert "Intro." in new


def test_git_revisions_and_folders_are_states(released, tmp_path):
    def git(*words):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *who, *words], cwd=released, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    edit(released, lambda v: v["layers"]["relation"].clear())
    copy = shutil.copytree(released, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    for old, new in (("HEAD", "."), ("HEAD", str(copy)), (str(released / "dataset/releases/0.1.0"), str(copy))):
        made = difference(Corpus(released), old, new)
        assert [(a.layer, a.kind) for d in made.documents for a in d.annotations] == [("relation", "removed")]
    for name in ("nothing", "--output=x", "-x"):
        with pytest.raises(KriscError, match="state-unknown"):
            difference(Corpus(released), name, ".")


def test_json_and_the_page_have_every_change(released, tmp_path, capsys):
    def change(value):
        value["layers"]["entity"][0]["segments"][0].update(end=5, quote="Karwa")
        value["layers"]["entity"][1]["note"] = "<script>alert(1)</script>"

    edit(released, change)
    assert run("diff", "0.1.0", ".", "--corpus", released, "--json", "--page", tmp_path / "page.html") == 0
    told = json.loads(capsys.readouterr().out)
    assert [a["what"] for a in told["documents"][0]["annotations"]] == [["words"], ["note"]]
    page = (tmp_path / "page.html").read_text()
    assert '<mark class="changed">Karwan</mark>' in page
    assert '<mark class="changed">Karwa</mark>' in page
    assert "<script>" not in page


def test_the_page_shows_texts_of_any_script_without_being_broken(released):
    made = difference(Corpus(released), "0.1.0", ".", texts=True)
    made.documents = []
    assert difference_page(made).startswith("<!doctype html>")
