"""TimeML: TIMEX3, EVENT and SIGNAL in the text, and links between events and times after it.

Source: Pustejovsky et al. (2003), TimeML, and the TimeML 1.2.1 annotation guidelines. A layer whose labels have an
attribute of the type ``timex3`` is written as TIMEX3, with the label as its type; an event's label is its class.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from krisc.interchange.base import Incoming, Outgoing, Report, files_in, lose_provenance, quoted
from krisc.interchange.features import Collector
from krisc.interchange.xmltext import (
    Part,
    Tag,
    attributes,
    characters,
    check_xml,
    flatten,
    holds,
    is_name,
    marked,
    uncrossed,
)
from krisc.layers import Layer
from krisc.model import Annotation, Argument
from krisc.reading import read_bytes
from krisc.store import Corpus

LINKS = {"TLINK": "tlink", "SLINK": "slink", "ALINK": "alink"}
SOURCES = ("eventInstanceID", "timeID", "eventID")
TARGETS = ("relatedToEventInstance", "relatedToTime", "relatedToEvent", "subordinatedEventInstance")
TYPES = {"TIMEX3": ("time", "type", "tid"), "EVENT": ("event", "class", "eid"), "SIGNAL": ("signal", "", "sid")}
SUFFIXES = (".tml", ".xml")


def read(path: Path, report: Report) -> Iterator[Incoming]:
    """A document a file, with the extension .tml or .xml."""
    for file in files_in(path, *SUFFIXES):
        root = check_xml(read_bytes(file, str(file)), str(file))
        yield _document(root, file.stem, report)


def _document(root: Element, name: str, report: Report) -> Incoming:
    body = root.find("TEXT")
    text, parts = flatten(root if body is None else body)
    into = Collector()
    instances: dict[str, str] = {}  # event by instance
    more: dict[str, dict[str, str]] = {}  # attributes by event
    for one in root.iter("MAKEINSTANCE"):
        said = dict(one.attrib)
        event, instance = said.pop("eventID", ""), said.pop("eiid", "")
        instances[instance] = event
        report.lose("further instances of events", f"{name} {event}", event in more)
        more.setdefault(event, said)
    for n, part in enumerate(parts, start=1):
        if part.name not in LINKS and part.name != "MAKEINSTANCE":
            _add(into, part, n, text, more)
    known = {a.id for listed in into.layers.values() for a in listed}
    for n, one in enumerate((x for x in root.iter() if x.tag in LINKS), start=1):
        said = dict(one.attrib)
        source, target = (next((said.pop(key) for key in keys if key in said), "") for keys in (SOURCES, TARGETS))
        ends = [instances.get(end, end) for end in (source, target)]
        if not set(ends) <= known:
            report.lose("links to what does not stand in the text", f"{name} {said.get('lid', n)}")
            continue
        layer = said.pop("layer", LINKS[one.tag])
        label, id_ = said.pop("relType", one.tag), said.pop("lid", f"l{n}")
        _, a = into.annotation(id_, label, said)
        into.add(layer, replace(a, arguments=(Argument("head", ends[0]), Argument("tail", ends[1]))))
    created = root.find("DCT/TIMEX3")
    about = {"published": created.attrib.get("value", "")} if created is not None else {}
    about["title"] = (root.findtext("TITLE") or "").strip()
    return into.document((root.findtext("DOCID") or name).strip() or name, text, about)


def _add(into: Collector, part: Part, number: int, text: str, more: dict[str, dict[str, str]]) -> None:
    """An element as an annotation; those that TimeML does not know are entities, as ENAMEX is."""
    layer, label, id_ = TYPES.get(part.name, ("entity", "", ""))
    said: dict[str, object] = {**more.get(part.attributes.get(id_, ""), {}), **part.attributes}
    name = str(said.pop(id_, f"x{number}"))
    own, a = into.annotation(name, str(said.pop(label, part.name)), said)
    words = quoted(text, [(part.start, part.end)])
    if not text[part.start : part.end].strip():
        return
    into.add(own or layer, replace(a, trigger=words) if part.name == "EVENT" else replace(a, segments=words))


def write(corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
    """A folder with a file for every document."""
    out.mkdir()
    for document in documents:
        if not holds(document, report):
            continue
        (out / f"{document.id}.tml").write_text(_text(document, report), encoding="utf-8", newline="")
        lose_provenance(document, report)


def _element(layer: Layer) -> str:
    """What a layer is in TimeML, or an empty string."""
    if layer.kind == "event":
        return "EVENT"
    return "TIMEX3" if any(x.type == "timex3" for x in layer.attributes.values()) else ""


def _text(document: Outgoing, report: Report) -> str:
    listed = [(layer, a) for layer, a in document.of_kind("span", "event") if _element(layer)]
    every = sum(1 for _ in document.of_kind("span"))
    report.lose("spans that are no times", document.id, every - sum(layer.kind == "span" for layer, _ in listed))
    report.lose("chains", document.id, sum(1 for _ in document.of_kind("chain")))
    tags: list[tuple[Tag, str]] = []
    for layer, a in sorted(listed, key=lambda x: (x[1].hull[0], -x[1].hull[1])):
        where = f"{document.id} {a.id}"
        if len(a.anchor) > 1:
            report.lose("discontinuous spans", where)
            continue
        report.lose("arguments", where, len(a.arguments))
        report.lose("notes", where, bool(a.note))
        element = _element(layer)
        _, type_, id_ = TYPES[element]
        plain = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in a.attributes.items()}
        named = {k: v for k, v in plain.items() if is_name(k) and k not in (id_, type_)}
        report.lose("attributes whose name TimeML has for another", where, len(plain) - len(named))
        said = {id_: a.id, type_: a.label, **named, "layer": layer.name}
        tags.append((Tag(*a.hull, element, tuple(said.items())), a.id))
    kept = uncrossed((tag.start, tag.end) for tag, _ in tags)
    report.lose("spans that cross others", document.id, kept.count(False))
    written = {id_: tag.name for (tag, id_), fits in zip(tags, kept, strict=True) if fits}
    body = marked(document.text, [tag for (tag, _), fits in zip(tags, kept, strict=True) if fits])
    day = document.metadata.get("published", "")
    created = {"tid": "t0", "type": "DATE", "value": day, "functionInDocument": "CREATION_TIME"}
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<TimeML>",
        f"<DOCID>{characters(document.id)}</DOCID>",
        f"<DCT><TIMEX3{attributes(created.items())}>{day}</TIMEX3></DCT>" if day else "",
        f"<TITLE>{characters(document.title)}</TITLE>",
        f"<TEXT>{body}</TEXT>",
    ]
    instances = [
        f"<MAKEINSTANCE{attributes({'eiid': f'ei-{id_}', 'eventID': id_}.items())}/>"
        for id_, name in written.items()
        if name == "EVENT"
    ]
    links = [x for layer, a in document.of_kind("relation") for x in _link(document, layer, a, written, report)]
    return "\n".join([line for line in (*head, *instances, *links, "</TimeML>") if line]) + "\n"


def _link(document: Outgoing, layer: Layer, a: Annotation, written: dict[str, str], report: Report) -> Iterator[str]:
    """A relation between two events or times as a TLINK."""
    where = f"{document.id} {a.id}"
    if [g.role for g in a.arguments] != list(layer.roles)[:2] or any(g.target not in written for g in a.arguments):
        report.lose("relations of other than two events or times", where)
        return
    report.lose("attributes and notes of relations", where, len(a.attributes) + bool(a.note))
    ends = {}
    for g, keys in zip(a.arguments, ((SOURCES[0], SOURCES[1]), (TARGETS[0], TARGETS[1])), strict=True):
        event = written[g.target] == "EVENT"
        ends[keys[0] if event else keys[1]] = f"ei-{g.target}" if event else g.target
    yield f"<TLINK{attributes({'lid': a.id, 'relType': a.label, **ends, 'layer': layer.name}.items())}/>"
