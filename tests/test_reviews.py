"""What a person signs off or corrects is on record, holds as long as it is true, and is never half done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import register, run
from test_adjudication import decide

from krisc import reviews
from krisc.actions import Action, RefusedError, Wanted, WantedArgument
from krisc.facts import start
from krisc.goldfacts import add_gold
from krisc.groups import Group
from krisc.reviewing import Desk
from krisc.store import Corpus
from krisc.validation import validate_corpus

GOLD = "annotations/gold/example.json"
LINES = "annotations/reviews/example.jsonl"
AT = "2026-01-02T03:04:05Z"


def desk(corpus: Path, person: str = "anna") -> Desk:
    return Desk(Corpus(corpus), person, lambda: AT)


@pytest.fixture
def single(starter: Path) -> Path:
    """Gold of one annotator, and two people."""
    register(starter, "anna", "ben")
    return starter


@pytest.fixture
def merged(passes: Path) -> Path:
    """Gold of two passes, adjudicated, and two people."""
    register(passes, "anna", "ben")
    run("adjudicate", "--replace", "--quiet", "--corpus", passes)
    decide(passes, lambda c: {"entity": "A", "event": "A", "relation": "A"}[c["layer"]])
    assert run("adjudicate", "--replace", "--quiet", "--corpus", passes) == 0
    return passes


@pytest.fixture(params=["single", "merged"])
def corpus(request) -> Path:
    return request.getfixturevalue(request.param)


def by_id(corpus: Path) -> dict:
    value = json.loads((corpus / GOLD).read_text())
    return {a["id"]: {"layer": n, **a} for n, listed in value["layers"].items() for a in listed}


def findings(corpus: Path) -> list[str]:
    return [f.id for f in validate_corpus(Corpus(corpus))[0]]


def lines(corpus: Path) -> list[dict]:
    return [json.loads(line) for line in (corpus / LINES).read_text().splitlines()]


def named(corpus: Path, words: str, label: str = "") -> tuple[str, str]:
    """Layer and id of the annotation on some words."""
    for id_, a in by_id(corpus).items():
        quotes = [s["quote"] for s in (*a.get("segments", ()), *a.get("trigger", ()))]
        if quotes == [words] and (not label or a["label"] == label):
            return a["layer"], id_
    raise AssertionError(words)


def of_label(corpus: Path, label: str) -> tuple[str, str]:
    return next((a["layer"], id_) for id_, a in by_id(corpus).items() if a["label"] == label)


def wanted(corpus: Path, id_: str, **other) -> Wanted:
    """The annotation as it is, but for some parts."""
    a = by_id(corpus)[id_]
    anchor = tuple((s["start"], s["end"]) for s in (*a.get("segments", ()), *a.get("trigger", ())))
    given_ = {
        "label": a["label"],
        "anchor": anchor,
        "arguments": tuple(WantedArgument(g["role"], g["target"]) for g in a.get("arguments", ())),
        "members": tuple(a.get("members", ())),
        "entity": a.get("entity", ""),
        "attributes": a.get("attributes", {}),
    }
    return Wanted(**{**given_, **other})


def act(corpus: Path, action: str, target: tuple[str, str] = ("", ""), person: str = "anna", **more):
    one = desk(corpus, person)
    return one.act("example", one.read("example").tag, Action(action, *target, **more))


def test_a_sign_off_is_a_line_with_who_when_and_what(corpus):
    act(corpus, "accept", named(corpus, "Karwan"))
    [line] = lines(corpus)
    assert (line["at"], line["by"], line["action"]) == (AT, "anna", "accept")
    [change] = line["changes"]
    assert change["layer"] == "entity"
    assert change["was"]["label"] == "PERSON"
    assert change["was"]["segments"] == [{"start": 0, "end": 6, "quote": "Karwan"}]
    assert by_id(corpus)[named(corpus, "Karwan")[1]]["checked_by"] == ["anna"]
    assert findings(corpus) == []


def test_the_figures_count_what_is_signed_off_and_nothing_else(corpus):
    act(corpus, "accept", named(corpus, "Karwan"))
    act(corpus, "accept", named(corpus, "Karwan"), "ben")
    act(corpus, "accept", named(corpus, "met"))
    act(corpus, "comment", named(corpus, "Zerin"), note="who is this?")
    act(corpus, "undo")
    read = Corpus(corpus)
    facts = start(read)
    group = Group.of([read.read_document(read.index[0])[0]], read.layers)
    add_gold(facts, read.register, group, ["train"])
    assert facts.signed_off == 2
    assert (facts.layers["entity"].signed_off, facts.layers["event"].signed_off) == (1, 1)


def test_a_second_sign_off_by_the_same_person_is_refused(corpus):
    act(corpus, "accept", named(corpus, "Karwan"))
    with pytest.raises(RefusedError, match="already"):
        act(corpus, "accept", named(corpus, "Karwan"))


def test_a_correction_says_who_and_why(corpus):
    layer, id_ = named(corpus, "Soran")
    act(
        corpus, "change", (layer, id_), annotation=wanted(corpus, id_, attributes={"mention": "nominal"}), note="rule 3"
    )
    made = by_id(corpus)[id_]
    assert made["attributes"] == {"mention": "nominal"}
    assert (made["by"], made["decided"]) == (["anna"], "adjudicated")
    assert made["decision"] == f"review of {AT}: change, by anna: rule 3"
    assert findings(corpus) == []


def test_a_correction_ends_a_sign_off_and_undoing_it_brings_that_back(corpus):
    layer, id_ = named(corpus, "Soran")
    act(corpus, "accept", (layer, id_))
    act(corpus, "change", (layer, id_), "ben", annotation=wanted(corpus, id_, attributes={"mention": "nominal"}))
    assert "checked_by" not in by_id(corpus)[id_]
    assert findings(corpus) == []
    act(corpus, "undo", person="ben")
    assert by_id(corpus)[id_]["checked_by"] == ["anna"]
    assert findings(corpus) == []


def test_boundaries_move_by_code_points_and_take_their_words_from_the_text(corpus):
    layer, id_ = named(corpus, "Soran")
    act(corpus, "change", (layer, id_), annotation=wanted(corpus, id_, anchor=((17, 25),)))
    assert by_id(corpus)[id_]["segments"] == [{"start": 17, "end": 25, "quote": "in Soran"}]


def test_a_new_annotation_has_an_id_of_its_own(corpus):
    for start_ in (7, 17):
        span = Wanted("PLACE", ((start_, start_ + (3 if start_ == 7 else 2)),), attributes={"mention": "name"})
        act(corpus, "add", ("entity", ""), annotation=span)
    assert {"ent-review-1", "ent-review-2"} <= set(by_id(corpus))
    assert findings(corpus) == []


def test_what_refers_to_a_rejected_annotation_lets_go_of_it(corpus):
    place, met = named(corpus, "Soran"), named(corpus, "met")
    act(corpus, "reject", place, note="no place")
    assert place[1] not in by_id(corpus)
    assert place[1] not in {g["target"] for g in by_id(corpus)[met[1]]["arguments"]}
    assert len(lines(corpus)[0]["changes"]) == 2
    assert findings(corpus) == []
    act(corpus, "undo")
    assert place[1] in {g["target"] for g in by_id(corpus)[met[1]]["arguments"]}


def test_a_chain_that_loses_its_last_member_goes_along(corpus):
    chain = of_label(corpus, "ENTITY")
    knows = of_label(corpus, "KNOWS")
    act(corpus, "reject", knows)
    act(corpus, "reject", named(corpus, "Karwan"))
    assert chain[1] not in by_id(corpus)
    assert findings(corpus) == []


def test_what_would_break_a_rule_is_refused_in_words_and_nothing_is_written(corpus):
    before = (corpus / GOLD).read_bytes()
    layer, id_ = named(corpus, "Karwan")
    for bad, words in (
        ({"anchor": ((0, 3),)}, "token"),
        ({"anchor": ((0, 99),)}, "outside the text"),
        ({"anchor": ()}, "segments"),
        ({"label": "BEAST"}, "BEAST"),
        ({"attributes": {}}, "attributes"),
        ({"attributes": {"mention": "name", "size": 3}}, "size"),
    ):
        with pytest.raises(RefusedError, match=words) as refused:
            act(corpus, "change", (layer, id_), annotation=wanted(corpus, id_, **bad))
        assert refused.value.status == 422
    with pytest.raises(RefusedError, match="head"):  # the relation cannot be without it
        act(corpus, "reject", (layer, id_))
    with pytest.raises(RefusedError, match="nothing is changed"):
        act(corpus, "change", (layer, id_), annotation=wanted(corpus, id_))
    with pytest.raises(RefusedError, match="no layer"):
        act(corpus, "add", ("nothing", ""), annotation=wanted(corpus, id_))
    with pytest.raises(RefusedError, match="no annotation"):
        act(corpus, "accept", ("entity", "../../x"))
    with pytest.raises(RefusedError, match="words"):
        act(corpus, "comment", (layer, id_), note="  ")
    with pytest.raises(RefusedError, match="nothing of anna"):
        act(corpus, "undo")
    assert (corpus / GOLD).read_bytes() == before
    assert not (corpus / LINES).exists()


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(corpus):
    one, other = desk(corpus), desk(corpus, "ben")
    old = other.read("example").tag
    one.act("example", old, Action("accept", *named(corpus, "Karwan")))
    before = {p: p.read_bytes() for p in (corpus / GOLD, corpus / LINES)}
    with pytest.raises(RefusedError, match="changed meanwhile") as refused:
        other.act("example", old, Action("accept", *named(corpus, "Zerin")))
    assert refused.value.status == 409
    (corpus / GOLD).write_bytes(before[corpus / GOLD] + b"\n")  # an editor, at the same time
    fresh = one.read("example").tag
    assert fresh != old
    (corpus / GOLD).write_bytes(before[corpus / GOLD])
    with pytest.raises(RefusedError, match="changed meanwhile"):
        one.act("example", fresh, Action("accept", *named(corpus, "Zerin")))
    assert {p: p.read_bytes() for p in before} == before


def test_nobody_undoes_what_others_did(corpus):
    act(corpus, "accept", named(corpus, "Karwan"))
    with pytest.raises(RefusedError, match="nothing of ben"):
        act(corpus, "undo", person="ben")


def test_what_later_actions_rest_on_is_not_undone(corpus):
    layer, id_ = named(corpus, "Soran")
    act(corpus, "change", (layer, id_), annotation=wanted(corpus, id_, attributes={"mention": "nominal"}))
    act(corpus, "change", (layer, id_), "ben", annotation=wanted(corpus, id_, attributes={"mention": "pronoun"}))
    with pytest.raises(RefusedError, match="undo them first"):
        act(corpus, "undo")


def test_a_program_that_is_killed_between_both_files_is_finished_by_the_next(corpus):
    layer, id_ = named(corpus, "Soran")
    for action, more in (
        ("accept", {}),
        ("change", {"annotation": wanted(corpus, id_, attributes={"mention": "nominal"})}),
        ("undo", {}),
        ("undo", {}),
        ("reject", {}),
    ):
        before = (corpus / GOLD).read_bytes()
        act(corpus, action, (layer, id_) if action != "undo" else ("", ""), **more)
        after = (corpus / GOLD).read_bytes()
        (corpus / GOLD).write_bytes(before)  # only the line had been written
        assert set(findings(corpus)) & {"gold-outdated", "sign-off-unrecorded"}
        assert desk(corpus).read("example").problem == ""
        assert (corpus / GOLD).read_bytes() == after
        assert findings(corpus) == []


LOOP = """
import sys
from pathlib import Path
from krisc.actions import Action
from krisc.reviewing import Desk
from krisc.store import Corpus
desk = Desk(Corpus(Path(sys.argv[1])), "anna")
state = desk.read("example")
print("ready", flush=True)
while True:
    for layer, a in [(n, a) for n, listed in state.gold.layers.items() for a in listed]:
        state = desk.act("example", state.tag, Action("accept", layer, a.id))
    for _ in range(sum(map(len, state.gold.layers.values()))):
        state = desk.act("example", state.tag, Action("undo"))
"""


@pytest.mark.one_python
def test_killed_at_any_moment_no_line_is_lost_or_torn(corpus):
    told = 0
    for delay in (0.0, 0.013, 0.029, 0.05, 0.08, 0.13):
        program = subprocess.Popen([sys.executable, "-c", LOOP, str(corpus)], stdout=subprocess.PIPE, text=True)
        assert program.stdout.readline() == "ready\n"
        time.sleep(delay)
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
        program.stdout.close()
        if (corpus / LINES).exists():
            assert (corpus / LINES).read_bytes().endswith(b"\n")
            assert len(lines(corpus)) >= told
            told = len(lines(corpus))
        state = desk(corpus).read("example")
        assert state.problem == ""
        signed = sum(bool(a.checked_by) for listed in state.gold.layers.values() for a in listed)
        assert signed == len(reviews.standing(state.reviews))
        assert findings(corpus) == []
    assert told > 0


def test_gold_of_passes_can_be_worked_out_again_with_all_reviews(merged):
    layer, id_ = named(merged, "Soran")
    act(merged, "change", (layer, id_), annotation=wanted(merged, id_, attributes={"mention": "nominal"}))
    act(merged, "accept", (layer, id_), "ben")
    act(merged, "reject", of_label(merged, "KNOWS"))
    before = (merged / GOLD).read_bytes()
    (merged / GOLD).unlink()
    assert run("adjudicate", "--quiet", "--corpus", merged) == 0
    assert (merged / GOLD).read_bytes() == before
    assert run("adjudicate", "--quiet", "--corpus", merged) == 0


def test_a_review_of_what_is_not_there_any_more_lapses_and_is_told_of(merged):
    from passes_of_example import ONE, OTHER, write_pass  # noqa: PLC0415

    act(merged, "accept", named(merged, "Zerin"))
    act(merged, "accept", named(merged, "Karwan"))
    for name, source in (("one", ONE), ("two", OTHER)):
        write_pass(merged, name, source.replace('"Zerin" mention=name', '"Zerin" mention=nominal'))
    assert run("adjudicate", "--quiet", "--corpus", merged) == 0
    made = by_id(merged)
    assert "checked_by" not in made[named(merged, "Zerin")[1]]
    assert made[named(merged, "Karwan")[1]]["checked_by"] == ["anna"]
    assert findings(merged) == ["review-lapsed"]
    assert len(lines(merged)) == 2


def test_a_word_in_checked_by_is_no_sign_off(corpus):
    text = (corpus / GOLD).read_text()
    at = text.index('"decided": "')
    end = text.index("}", at)
    (corpus / GOLD).write_text(text[:end] + ', "checked_by": ["anna"]' + text[end:])
    assert "sign-off-unrecorded" in findings(corpus)
    state = desk(corpus).read("example")
    assert "sign-off-unrecorded" in state.problem
    with pytest.raises(RefusedError, match="sign-off-unrecorded"):
        act(corpus, "accept", named(corpus, "Zerin"))


def test_open_conflicts_come_before_reviews(passes):
    register(passes, "anna")
    run("adjudicate", "--replace", "--quiet", "--corpus", passes)
    with pytest.raises(RefusedError, match="conflict-unresolved"):
        act(passes, "accept", ("entity", "karwan"))


def test_a_corrected_text_takes_reviews_along_but_not_over_other_words(single):
    act(single, "accept", named(single, "Zerin"))
    act(single, "accept", named(single, "Soran"))
    (single / "corrected.txt").write_text("Yesterday Karwan met Zerin in Sorran.\n")
    assert run("reanchor", "example", single / "corrected.txt", "--write", "--quiet", "--corpus", single) == 0
    made = by_id(single)
    assert made["zerin"]["checked_by"] == ["anna"]
    assert "checked_by" not in made["soran"]
    assert lines(single)[0]["changes"][0]["was"]["segments"] == [{"start": 21, "end": 26, "quote": "Zerin"}]
    assert "review-lapsed" in findings(single)
    assert not {"sign-off-unrecorded", "gold-outdated", "quote-mismatch"} & set(findings(single))


@pytest.fixture(scope="session")
def _two_people(_starter, tmp_path_factory) -> Path:
    corpus = Path(shutil.copytree(_starter, tmp_path_factory.mktemp("two") / "corpus"))
    register(corpus, "anna", "ben")
    return corpus


@pytest.mark.one_python
@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["accept", "change", "reject", "add", "comment", "undo"]), st.integers(0, 9), st.booleans()
        ),
        max_size=7,
    )
)
def test_whatever_people_do_the_corpus_stays_sound_and_undoing_all_restores_it(_two_people, tmp_path_factory, steps):
    corpus = Path(shutil.copytree(_two_people, tmp_path_factory.mktemp("steps") / "corpus"))
    first = reviews.by_id(desk(corpus).read("example").gold)
    done = []
    for action, number, second in steps:
        person = "ben" if second else "anna"
        known = list(by_id(corpus).items())
        id_, a = known[number % len(known)]
        more = {"note": "n"} if action == "comment" else {}
        if action in ("change", "add"):
            more["annotation"] = wanted(
                corpus,
                id_,
                attributes={**a.get("attributes", {}), **({"mention": "pronoun"} if a["layer"] == "entity" else {})},
            )
        try:
            act(corpus, action, ("", "") if action == "undo" else (a["layer"], id_), person, **more)
        except RefusedError as refused:
            assert refused.status == 422
            continue
        done = done[:-1] if action == "undo" else [*done, person]
        assert [f for f in findings(corpus) if f != "review-lapsed"] == []
    standing = reviews.standing(desk(corpus).read("example").reviews)
    for _, one in reversed(standing):
        act(corpus, "undo", person=one.by)
    assert reviews.by_id(desk(corpus).read("example").gold) == first
