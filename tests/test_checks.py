"""The quick checks find what the plain rules find, in the same order, however a valid file was damaged."""

from functools import cache

import msgspec
import plain_checks
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from krisc.checks import check_annotations
from krisc.checks.context import Context
from krisc.document import Document
from krisc.files import sha256
from krisc.model import AnnotationFile
from krisc.store import Corpus

STRANGE = "\U0001d518e\u0301\r\n\tسۆران \U0001f9d1\u200d\U0001f33e ـ\u0300\r\n"  # astral, combining, Sorani, tab, CRLF


@cache
def corpus():
    return Corpus(ROOT)


@cache
def valid():
    """Documents of the repository: the shortest, and the published article."""
    found = [corpus().read_document(e)[0] for e in list(corpus().index)[:12]]
    return sorted(found, key=lambda document: len(document.data))[:6]


def context(document, gold, layers=None):
    name = document.record.id
    args = (layers or corpus().layers, corpus().register, corpus().annotators, document, gold)
    return Context(*args, lambda: f"annotations/gold/{name}.json", lambda: f"dataset/raw/{name}.txt")


def both(document, gold, layers=None):
    """What the quick and the plain rules find; each with a context of its own."""
    return check_annotations(context(document, gold, layers)), plain_checks.check(context(document, gold, layers))


# --- damage ---------------------------------------------------------------------------------------------------------
# Each kind takes the file as plain values, a source of chance, and an annotation with its layer; most leave its form.


def plain(value):
    """A value as JSON has it, of its own."""
    return msgspec.json.decode(msgspec.json.encode(value))


def segments_of(one):
    lists = [one.get("segments"), one.get("trigger"), *(g.get("segments") for g in one.get("arguments", ()))]
    return [listed for listed in lists if listed]


def other(random, file, layer):
    return random.choice(file["layers"][layer])


def moved(random, file, layer, one):
    for listed in segments_of(one)[:1]:
        segment = random.choice(listed)
        segment[random.choice(("start", "end"))] += random.choice((-9, -2, -1, 1, 2, 9, 10_000))


def moved_far(random, file, layer, one):
    for listed in segments_of(one)[:1]:
        length = listed[0]["end"] - listed[0]["start"]
        listed[0]["start"] = random.randrange(400)
        listed[0]["end"] = listed[0]["start"] + length


def lengthened(random, file, layer, one):
    for listed in segments_of(one):
        listed[-1]["end"] += random.randrange(1, 300)


def split(random, file, layer, one):
    for listed in segments_of(one):
        first, middle = listed[0], (listed[0]["start"] + listed[0]["end"]) // 2
        halves = [{**first, "end": middle}, {**first, "start": middle + random.choice((-1, 0, 1))}]
        listed[:1] = random.choice((halves, halves, halves[::-1]))


def requoted(random, file, layer, one):
    for listed in segments_of(one):
        listed[0]["quote"] = random.choice(("x", " ", f"{listed[0]['quote']} "))


def copied(random, file, layer, one):
    new = plain(one)
    new["id"] = random.choice((one["id"], f"{one['id']}-2", other(random, file, layer)["id"]))
    file["layers"][layer].insert(random.randrange(len(file["layers"][layer]) + 1), new)


def renamed(random, file, layer, one):
    one["id"] = random.choice(("new", other(random, file, layer)["id"]))


def relabelled(random, file, layer, one):
    one["label"] = random.choice(list(corpus().layers[layer].labels))


def noted(random, file, layer, one):
    one["note"] = "told"


def removed(random, file, layer, one):
    file["layers"][layer].remove(one)
    if random.random() < 0.2:
        del file["layers"][layer]


def shuffled(random, file, layer, one):
    random.shuffle(file["layers"][layer])


def retold(random, file, layer, one):
    key, value = random.choice(
        [
            ("by", ["nobody-knows"]),
            ("by", []),
            ("checked_by", ["reader-a"]),
            ("checked_by", ["stranger"]),
            ("decided", "adjudicated"),
            ("decided", "single"),
            ("decision", "because"),
        ]
    )
    one[key] = value


def redirected(random, file, layer, one):
    ids = [a["id"] for listed in file["layers"].values() for a in listed]
    target = random.choice([*random.choices(ids, k=3), one["id"], "nowhere", "ent-99"])
    filled = [g for g in one.get("arguments", ()) if g.get("target")]
    if filled:
        random.choice(filled)["target"] = target
    elif one.get("members"):
        one["members"][random.randrange(len(one["members"]))] = target
    elif layer == "time":
        one.setdefault("attributes", {})["anchor"] = random.choice((target, "publication"))


def circled(random, file, layer, one):
    """Makes events arguments of each other."""
    events = random.sample(file["layers"].get("event", []), k=min(3, len(file["layers"].get("event", []))))
    for event, following in zip(events, [*events[1:], *events[:1]], strict=True):
        event.setdefault("arguments", []).append({"role": "Topic", "target": following["id"]})


def refilled(random, file, layer, one):
    if one.get("arguments"):
        argument = random.choice(one["arguments"])
        action = random.randrange(4)
        if action == 0:
            one["arguments"].append(dict(argument))
        elif action == 1:
            one["arguments"].remove(argument)
        elif action == 2:
            argument["role"] = random.choice(list(corpus().layers[layer].roles))
        else:
            one["arguments"].reverse()


def rechained(random, file, layer, one):
    chains = file["layers"].get("coreference")
    if chains:
        chain, donor = random.choice(chains), random.choice(chains)
        chain["members"] = random.choice((chain["members"][:1], [*chain["members"], *donor["members"]]))
        if chain.get("entity") and random.random() < 0.5:
            chain["entity"] = random.choice(["unknown-one", *list(corpus().register)[:5]])


def retimed(random, file, layer, one):
    times = file["layers"].get("time")
    if times:
        value = random.choice(("2020-13-01", "PXY", "PRESENT_REF", "noon", "2020-02-29"))
        random.choice(times).setdefault("attributes", {})["value"] = value


def unbound(random, file, layer, one):
    """Says of the file that it is of another text or document, or a pass."""
    file.update(random.choice(({"sha256": "0" * 64}, {"document": "other"}, {"annotator": "reader-a", "date": "x"})))


DAMAGE = (
    *(moved, moved_far, lengthened, split, requoted, copied, renamed, relabelled, noted, removed, shuffled, retold),
    *(redirected, circled, refilled, rechained, retimed, unbound),
)


def mended_quotes(file, text):
    """Segments with the words of the text where they lie, and in order, so that the next level is reached."""
    for listed in file["layers"].values():
        for one in listed:
            for segments in segments_of(one):
                for s in segments:
                    s["start"] = max(0, min(s["start"], len(text) - 1))
                    s["end"] = max(s["start"] + 1, min(s["end"], len(text)))
                    s["quote"] = text[s["start"] : s["end"]]


def damaged(document, random, number, *, mend, before=""):
    """A document and its gold with some damage, on a text that begins with something else."""
    text = before + document.text
    data = text.encode()
    file = plain(document.gold)
    file["sha256"] = sha256(data)
    for listed in file["layers"].values():
        for one in listed:
            for segments in segments_of(one):
                for segment in segments:
                    segment["start"] += len(before)
                    segment["end"] += len(before)
    for _ in range(number):
        layers = [name for name, listed in file["layers"].items() if listed]
        if not layers:
            break
        layer = random.choice(layers)
        random.choice(DAMAGE)(random, file, layer, random.choice(file["layers"][layer]))
    if mend:
        mended_quotes(file, text)
    record = replace(document.record, sha256=file["sha256"])
    return Document(record, 1, data, text, None, ()), msgspec.convert(file, AnnotationFile)


def varied(layers, random):
    """The layers with other rules."""
    made = {}
    for name, layer in layers.items():
        flag = {key: random.random() < 0.5 for key in ("inside_units", "token_boundaries", "same_unit")}
        flag["one_trigger_one_event_of_a_label"] = random.random() < 0.5
        constraints = replace(layer.constraints, nesting=random.choice(("free", "flat", "nested")), **flag)
        limits = ((0, None), (0, None), (1, None), (0, 1), (1, 1), (2, 3), (0, 0))
        roles = {}
        for role, one in layer.roles.items():
            least, most = random.choice(limits)
            roles[role] = replace(one, min=least, max=most)
        labels = {
            label: replace(one, min_members=random.choice((1, 1, 2, 3)), expected=random.choice((one.expected, ())))
            for label, one in layer.labels.items()
        }
        made[name] = replace(layer, constraints=constraints, roles=roles, labels=labels)
    return made


@settings(max_examples=250)
@given(
    st.integers(0, 5),
    st.randoms(use_true_random=False),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from(("", STRANGE)),
)
def test_damaged_files_have_the_findings_of_the_plain_rules(number, random, damages, mend, before):
    quick, wanted = both(*damaged(valid()[number], random, damages, mend=mend, before=before))
    assert quick == wanted


@settings(max_examples=120)
@given(st.integers(0, 5), st.randoms(use_true_random=False), st.integers(0, 3))
def test_so_they_have_by_other_rules(number, random, damages):
    layers = varied(corpus().layers, random)
    quick, wanted = both(*damaged(valid()[number], random, damages, mend=True), layers)
    assert quick == wanted


@pytest.mark.parametrize("kind", DAMAGE, ids=lambda kind: kind.__name__)
def test_every_kind_of_damage_is_seen_or_harmless(kind):
    """Each kind of damage, on each document: the same findings, and of most kinds there are some."""
    import random  # noqa: PLC0415

    found = set()
    for seed in range(30):
        chance = random.Random(seed)
        document = valid()[seed % 6]
        file = plain(document.gold)
        layer = chance.choice([name for name, listed in file["layers"].items() if listed])
        kind(chance, file, layer, chance.choice(file["layers"][layer]))
        quick, wanted = both(document, msgspec.convert(file, AnnotationFile))
        assert quick == wanted
        found |= {f.id for f in quick if f.severity == "error"}
    assert bool(found) is (kind not in (noted, shuffled))


def test_valid_files_have_no_errors_and_are_not_looked_at_one_by_one():
    """What a valid file costs is the columns: its single annotations are never listed."""
    for document in valid():
        ctx = context(document, document.gold)
        found = check_annotations(ctx)
        assert not [f for f in found if f.severity == "error"]
        assert found or not {"items", "segments", "by_id"} & set(vars(ctx))


@pytest.mark.parametrize("shift", [(0, 5), (None, None), (0, 0)], ids=["beyond the text", "from its end", "as it is"])
def test_offsets_that_python_would_let_pass(shift):
    """A slice of Python's may reach beyond the text, or count from its end, and still read as the quote."""
    document = valid()[0]
    file = plain(document.gold)
    [segment] = max(file["layers"]["structure"], key=lambda one: one["segments"][0]["end"])["segments"]
    text = document.text[: segment["end"]]  # so that the segment is the last of the text
    for key, by in zip(("start", "end"), shift, strict=True):
        segment[key] += -len(text) - 1 if by is None else by
    if shift[0] is None:
        segment["quote"] = text[segment["start"] : segment["end"]]
    data = text.encode()
    cut = Document(document.record, 1, data, text, None, ())
    gold = msgspec.convert({**file, "sha256": sha256(data)}, AnnotationFile)
    quick, wanted = both(cut, gold)
    assert quick == wanted
    assert bool({"offset-out-of-range", "quote-mismatch"} & {f.id for f in quick}) is (shift != (0, 0))


def test_a_file_without_annotations():
    document = valid()[0]
    for layers in ({}, dict.fromkeys(corpus().layers, ())):
        quick, wanted = both(document, replace(document.gold, layers=layers))
        assert quick == wanted
