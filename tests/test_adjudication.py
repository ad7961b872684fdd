"""Passes become gold: what is agreed is taken, the rest is decided, and no decision is ever lost."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passes_of_example import ONE, OTHER, register, run, write_pass

from krisc.agreement import compare
from krisc.decisions import Conflict, Decisions, dumps
from krisc.document import version_key
from krisc.findings import KriscError
from krisc.store import Corpus
from krisc.validation import validate_corpus

DECISIONS = "annotations/decisions/example.toml"
GOLD = "annotations/gold/example.json"


def adjudicate(corpus, *words):
    return run("adjudicate", "--corpus", corpus, "--quiet", *words)


def conflicts(corpus, table="conflicts"):
    return tomllib.loads((corpus / DECISIONS).read_text()).get(table, [])


def decide(corpus, choose):
    """Fill in decisions: ``choose(conflict)`` gives decide, or decide and new."""
    path = corpus / DECISIONS
    value = tomllib.loads(path.read_text())
    made = []
    for one in value.get("conflicts", []):
        chosen = choose(one)
        if chosen:
            decided, new = chosen if isinstance(chosen, tuple) else (chosen, "")
            one |= {"decide": decided, "new": new, "by": "judge", "reason": "the rule says so"}
        made.append(Conflict(**one))
    old = tuple(Conflict(**one) for one in value.get("superseded", []))
    path.write_text(dumps(Decisions(value["document"], value["passes"], tuple(made), old)))


def gold(corpus):
    value = json.loads((corpus / GOLD).read_text())
    return {a["id"]: a for listed in value["layers"].values() for a in listed}


def ids(corpus):
    return [f.id for f in validate_corpus(Corpus(corpus))[0]]


def test_gold_of_another_making_is_not_overwritten(passes, capsys):
    before = (passes / GOLD).read_bytes()
    assert adjudicate(passes) == 1
    assert "gold-of-others" in capsys.readouterr().out
    assert (passes / GOLD).read_bytes() == before
    assert not (passes / DECISIONS).exists()


def test_conflicts_are_listed_and_block_a_release(passes, capsys):
    before = (passes / GOLD).read_bytes()
    assert adjudicate(passes, "--replace") == 1
    shown = capsys.readouterr().out
    assert shown.count("error conflict-unresolved") == 3
    assert (passes / GOLD).read_bytes() == before, "gold is written when nothing is open"
    listed = {c["layer"]: c for c in conflicts(passes)}
    assert list(listed) == ["entity", "event", "relation"]
    assert listed["entity"]["options"] == {"A": 'PLACE p "Soran" mention=name', "B": 'PERSON p "Soran" mention=name'}
    assert listed["entity"]["context"] == "Karwan met Zerin in [Soran]."
    assert run("compile", "--corpus", passes, "--out", passes / "out") == 1
    assert not (passes / "out").exists()


def test_the_place_of_an_open_conflict_is_its_own_line(passes, capsys):
    adjudicate(passes, "--replace")
    lines = (passes / DECISIONS).read_text().splitlines()
    wanted = [f"{DECISIONS}:{n}:1: error" for n, line in enumerate(lines, start=1) if line == 'decide = ""']
    shown = capsys.readouterr().out
    assert [place for place in wanted if place in shown] == wanted


def test_decisions_are_carried_out(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: {"entity": "A", "event": "B", "relation": "neither"}[c["layer"]])
    assert adjudicate(passes, "--replace") == 0
    found = gold(passes)
    assert "r" not in found
    assert found["k"]["by"] == ["one", "two"]
    assert found["k"]["decided"] == "agreed"
    assert (found["p"]["label"], found["p"]["by"], found["p"]["decided"]) == ("PLACE", ["one"], "adjudicated")
    assert found["p"]["decision"].endswith("A, by judge: the rule says so")
    assert found["m"]["by"] == ["two"]
    assert ids(passes) == []
    assert adjudicate(passes) == 0, "now the gold is its own"


def test_both_are_taken_and_keep_their_references_apart(passes):
    write_pass(passes, "two", OTHER.replace('PERSON z "Zerin"', 'PERSON z "Zerin in"'))
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "both" if "[Zerin" in c["context"] else "A")
    adjudicate(passes, "--replace")
    found = gold(passes)
    assert [found[i]["segments"][0]["quote"] for i in ("z", "z.2")] == ["Zerin", "Zerin in"]
    assert [a["target"] for a in found["m"]["arguments"]] == ["k", "z", "p"]


def test_a_new_annotation_refers_to_gold_and_says_who_made_it(passes):
    adjudicate(passes, "--replace")
    event = 'MEET x "met" Participant=k Participant=z Place=p modality=planned'
    decide(passes, lambda c: ("new", event) if c["layer"] == "event" else "A")
    assert adjudicate(passes, "--replace") == 0
    found = gold(passes)
    assert found["m"]["attributes"] == {"modality": "planned"}
    assert [a["target"] for a in found["m"]["arguments"]] == ["k", "z", "p"]
    assert (found["m"]["by"], found["m"]["decided"]) == (["judge"], "adjudicated")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"decide": "C"}, "there is no option C"),
        ({"decide": "A", "by": ""}, "does not say who decided"),
        ({"decide": "A", "reason": ""}, "does not say who decided"),
        ({"decide": "A", "by": "nobody"}, "nobody is not in"),
        ({"decide": "new", "new": ""}, "new holds no annotation"),
        ({"decide": "new", "new": 'PERSON p "Kirkuk" mention=name'}, "new cannot be read"),
    ],
)
def test_a_decision_that_cannot_be_carried_out(passes, change, problem, capsys):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    path = passes / DECISIONS
    value = tomllib.loads(path.read_text())
    first, *rest = (Conflict(**c) for c in value["conflicts"])
    first = Conflict(**{**value["conflicts"][0], **change})
    text = dumps(Decisions(value["document"], value["passes"], (first, *rest)))
    path.write_text(text)
    capsys.readouterr()
    assert adjudicate(passes, "--replace") == 1
    shown = capsys.readouterr().out
    assert "decision-incomplete" in shown
    assert problem in shown
    assert path.read_text() == text, "the decision is left as it is"


def test_running_it_again_changes_nothing(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    adjudicate(passes, "--replace")
    before = [(passes / name).read_bytes() for name in (DECISIONS, GOLD)]
    assert adjudicate(passes) == 0
    assert [(passes / name).read_bytes() for name in (DECISIONS, GOLD)] == before


def test_a_changed_pass_opens_only_what_depends_on_it(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    adjudicate(passes, "--replace")
    kept = {c["id"] for c in conflicts(passes) if c["layer"] != "relation"}
    write_pass(passes, "two", OTHER.replace("head=z tail=k", "head=z tail=p"))
    assert adjudicate(passes) == 1
    now = {c["id"]: c for c in conflicts(passes)}
    assert {i for i, c in now.items() if c["decide"]} == kept
    [old] = conflicts(passes, "superseded")
    assert (old["layer"], old["decide"], old["reason"]) == ("relation", "A", "the rule says so")
    write_pass(passes, "two", OTHER)
    assert adjudicate(passes) == 0, "the decision comes back with its conflict"
    assert conflicts(passes, "superseded") == []


def test_a_changed_decision_changes_only_its_own_annotation(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    adjudicate(passes, "--replace")
    before = gold(passes)
    decide(passes, lambda c: "B" if c["layer"] == "relation" else "A")
    assert ids(passes) == ["gold-outdated"]
    assert adjudicate(passes) == 0
    after = gold(passes)
    assert {i for i in after if after[i] != before[i]} == {"r"}


def test_one_annotator_alone_is_single(passes):
    for name in ("one", "two"):
        write_pass(passes, name, ONE if name == "one" else "[entity]\n" + ONE.split("[entity]")[1].split("[event]")[0])
    assert adjudicate(passes, "--replace") == 0
    found = gold(passes)
    assert (found["m"]["by"], found["m"]["decided"]) == (["one"], "single")
    assert (found["k"]["by"], found["k"]["decided"]) == (["one", "two"], "agreed")


def test_three_passes(passes):
    register(passes, "three")
    write_pass(passes, "three", ONE)
    adjudicate(passes, "--replace")
    assert {tuple(c["options"]) for c in conflicts(passes)} == {("A", "B", "C")}
    decide(passes, lambda c: "A")
    assert adjudicate(passes, "--replace") == 0
    assert gold(passes)["p"]["by"] == ["one", "three"], "who said the same shares the credit"


def test_what_two_of_three_passes_say_alike_stands_in_the_gold_once(passes):
    """Where their notes differ too; and references go to what each of them meant."""
    register(passes, "three")
    same = 'PERSON z "Zerin in" mention=name'
    write_pass(passes, "two", ONE.replace('PERSON z "Zerin" mention=name', same))
    write_pass(passes, "three", ONE.replace('"Zerin" mention=name', '"Zerin" mention=name // as in the headline'))
    for choice, wanted in (("both", 2), ("A+B+C", 2), ("C+A", 2), ("A+B", 1), ("B", 1)):
        adjudicate(passes, "--replace")
        decide(passes, lambda c, choice=choice: choice)
        assert adjudicate(passes, "--replace") == 0
        found = {
            a["segments"][0]["quote"]: a for i, a in gold(passes).items() if a["label"] == "PERSON" and i[0] == "z"
        }
        assert len(found) == wanted, choice
        assert found["Zerin"]["by"] == ["one", "three"]
        assert next(a["target"] for a in gold(passes)["m"]["arguments"][1:]) == found["Zerin"]["id"]
    assert [c["options"]["B"] for c in conflicts(passes)] == ['PERSON z "Zerin" mention=name // as in the headline']


def test_a_name_that_is_taken_is_not_given_again(passes):
    """Both options of z are taken, and another annotation is called z.2 already."""
    one = ONE.replace("PERSON k", "PERSON z.2").replace("=k ", "=z.2 ")
    write_pass(passes, "one", one)
    write_pass(passes, "two", one.replace('z "Zerin"', 'z "Zerin in"'))
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "both")
    assert adjudicate(passes, "--replace") == 0
    quotes = {i: a["segments"][0]["quote"] for i, a in gold(passes).items() if a["label"] == "PERSON"}
    assert quotes == {"z": "Zerin", "z.2": "Karwan", "z.3": "Zerin in"}


def test_conflicts_that_say_the_same_are_told_apart(passes):
    """Two events on one trigger, whose topics are two events on another, where a corpus allows that."""
    layer = passes / "schema/layers/event.toml"
    layer.write_text(layer.read_text().replace("one_trigger_one_event_of_a_label = true\n", ""))
    events = "".join(
        f'MEET {name} "{words}" {role} modality=asserted\n'
        for name, words, role in (
            ("m1", "met", "Participant=k"),
            ("m2", "met", "Participant=z"),
            ("t1", "Soran", "Participant=k Topic=m1"),
            ("t2", "Soran", "Participant=k Topic=m2"),
        )
    )
    head, tail = ONE.split("MEET")[0], "\n[relation]" + ONE.split("[relation]")[1]
    write_pass(passes, "one", f"{head}{events}{tail}")
    write_pass(passes, "two", f"{head}{tail}")
    adjudicate(passes, "--replace")
    names = [c["id"] for c in conflicts(passes)]
    assert len(set(names)) == len(names) == 4
    assert sum(name.endswith(".2") for name in names) == 1
    decide(passes, lambda c: "neither" if c["id"].endswith(".2") else "A")
    adjudicate(passes, "--replace")
    assert sorted(i for i in gold(passes) if i[0] in "mt") == ["m1", "m2", "t1"]
    assert ids(passes) == []


def test_a_chain_of_which_nothing_is_left_is_left_out(passes):
    relation = "[relation]" + ONE.split("[relation]")[1].split("[coreference]")[0]
    one = ONE.replace(relation, "[relation]\n").replace("Participant=k ", "")
    write_pass(passes, "one", one)
    write_pass(passes, "two", one.replace('PERSON k "Karwan" mention=name', 'PERSON k "Karwan" mention=nominal'))
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "neither")
    assert adjudicate(passes, "--replace") == 0
    assert not {"k", "c"} & set(gold(passes))
    assert ids(passes) == []


def test_more_passes_than_letters(passes):
    names = [f"reader-{n:02d}" for n in range(26)]
    register(passes, *names)
    for name in names:
        write_pass(passes, name, ONE if name == "reader-25" else OTHER)
    adjudicate(passes, "--replace")
    assert list(tomllib.loads((passes / DECISIONS).read_text())["passes"])[24:] == ["Y", "Z", "AA", "AB"]
    decide(passes, lambda c: "AB")
    adjudicate(passes, "--replace")
    assert gold(passes)["m"]["attributes"] == {"modality": "planned"}


def test_a_released_pass_must_not_change(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    adjudicate(passes, "--replace")
    assert run("compile", "--corpus", passes, "--quiet") == 0
    path = passes / "annotations/passes/two/example.json"
    before = path.read_text()
    path.write_text(before.replace("planned", "asserted"))
    assert "pass-changed" in ids(passes)
    path.write_text(before)
    assert ids(passes) == []
    path.unlink()
    assert "pass-changed" in ids(passes)


def test_an_unpublished_release_may_be_replaced_with_its_passes(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    adjudicate(passes, "--replace")
    assert run("compile", "--corpus", passes, "--quiet") == 0
    write_pass(passes, "two", OTHER.replace("head=z tail=k", "head=z tail=p"))
    adjudicate(passes)
    decide(passes, lambda c: next(iter(c["options"])))
    adjudicate(passes)
    assert run("compile", "--corpus", passes, "--quiet") == 1
    assert run("compile", "--corpus", passes, "--quiet", "--replace") == 0


def test_a_release_tells_of_passes_and_agreement(passes):
    adjudicate(passes, "--replace")
    decide(passes, lambda c: "A")
    adjudicate(passes, "--replace")
    assert run("compile", "--corpus", passes, "--quiet") == 0
    folder = passes / "dataset/releases/0.1.0"
    facts = json.loads((folder / "release.json").read_text())
    assert sorted(facts["passes"]) == ["one/example.json", "two/example.json"]
    values = {(v["measure"], v.get("of")): v.get("value") for v in facts["agreement"]["layers"]["entity"]["values"]}
    assert values["spans, strict", None] == pytest.approx(2 / 3, abs=0.0001)
    assert facts["layers"]["entity"]["decided"] == {"adjudicated": 1, "agreed": 2}
    card = (folder / "README.md").read_text()
    assert "| entity | spans, strict | 0.667 |" in card
    assert "| entity | 1 | 3 | 1 | 0 (0%) | 2 (67%) | 1 (33%) | 0 (0%) |" in card
    assert (folder / "passes").is_dir()


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    st.lists(
        st.builds(
            Conflict,
            id=TEXTS,
            layer=TEXTS,
            context=TEXTS,
            options=st.dictionaries(st.sampled_from("ABC"), TEXTS),
            new=TEXTS,
            reason=TEXTS,
        ),
        max_size=3,
    )
)
def test_a_decisions_file_is_read_back_as_it_was(listed):
    decisions = Decisions('é"\\', {"A": "one"}, tuple(listed), tuple(listed[:1]))
    value = tomllib.loads(dumps(decisions))
    assert [Conflict(**{"options": {}, **c}) for c in value.get("conflicts", [])] == listed
    assert value["document"] == decisions.document


def test_a_malformed_decisions_file_is_a_finding(passes, capsys):
    adjudicate(passes, "--replace")
    path = Path(passes / DECISIONS)
    path.write_text(path.read_text().replace('decide = ""', 'decide = "maybe"', 1))
    capsys.readouterr()
    assert adjudicate(passes, "--replace") == 1
    assert "schema-violation" in capsys.readouterr().out
    assert "schema-violation" in ids(passes)


def test_passes_by_older_guidelines_are_kept_and_not_merged(passes):
    register(passes, "three")
    write_pass(passes, "three", ONE.replace("PLACE p", "PERSON p").replace(" Place=p", ""))
    path = passes / "annotations/passes/three/example.json"
    path.write_text(path.read_text().replace('"guidelines": "0.1.0"', '"guidelines": "0.0.9"'))
    adjudicate(passes, "--replace")
    assert list(tomllib.loads((passes / DECISIONS).read_text())["passes"].values()) == ["one", "two"]
    decide(passes, lambda conflict: "A")
    assert adjudicate(passes, "--replace") == 0
    assert ids(passes) == []
    agreed = compare(Corpus(passes))
    assert agreed.annotators == ["one", "two"]
    with pytest.raises(KriscError):  # one pass alone
        compare(Corpus(passes), guidelines="0.0.9")
    assert compare(Corpus(passes), annotators=("one", "three")).annotators == ["one", "three"]


def test_versions_are_ordered_by_number():
    ordered = ["trial", "0.9", "0.9.1", "0.10", "1.0", "1.0.1", "2"]
    assert sorted(set(ordered), key=version_key) == ordered


def test_a_former_id_of_the_register_is_the_one_that_took_its_place(passes):
    listing = passes / "dataset/entities.jsonl"
    entry = json.loads(listing.read_text())
    listing.write_text(json.dumps({**entry, "former": ["karwan-hassan"]}) + "\n")
    write_pass(passes, "two", OTHER.replace("entity=karwan", "entity=karwan-hassan"))
    adjudicate(passes, "--replace")
    assert "coreference" not in {c["layer"] for c in conflicts(passes)}
    decide(passes, lambda conflict: "A")
    assert adjudicate(passes, "--replace") == 0
    assert gold(passes)["c"]["entity"] == "karwan"
    assert ids(passes) == []
