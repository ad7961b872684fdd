"""UIMA CAS in XMI and JSON, with types as INCEpTION makes them for its layers; read and written by ``cassis``.

Source: https://inception-project.github.io/releases/36.0/docs/user-guide.html#sect_formats_uimaxmi. A layer
``entity`` is the type ``webanno.custom.Entity`` with the feature ``label``; arguments are links with a role and a
target; relations have ``Governor`` and ``Dependent``; a chain is a first link and the links after it. Attributes are
strings, because UIMA cannot tell a number or truth value that is absent from zero or false.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from krisc.interchange.base import (
    Incoming,
    InterchangeError,
    Outgoing,
    Report,
    files_in,
    library,
    lose_provenance,
    quoted,
)
from krisc.interchange.features import Collector
from krisc.interchange.xmltext import check_xml, holds
from krisc.jsontext import JsonError, loads
from krisc.layers import Layer, Layers, unit_layer
from krisc.model import Annotation, Argument
from krisc.reading import read_bytes, read_text
from krisc.store import Corpus
from krisc.tokens import tokenize

TYPES = "TypeSystem.xml"
OWN = "webanno.custom."
SEGMENTATION = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type."
ANNOTATION, STRING, TOP = "uima.tcas.Annotation", "uima.cas.String", "uima.cas.TOP"
LABELS = ("label", "value", "PosValue", "DependencyType", "type", "category", "identifier")
ENDS = ("Governor", "Dependent")


class CasFormat:
    """One of the two ways in which a CAS is written."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix

    def read(self, path: Path, report: Report) -> Iterator[Incoming]:
        """A document a file, of one file or of a folder with the type system beside or above the files."""
        cassis = library("cassis", "cas")
        for file in files_in(path, f".{self.suffix}"):
            try:
                yield _document(self._load(cassis, file), file.stem, report)
            except JsonError as error:
                raise InterchangeError(str(file), 0, f"{error.finding}: {error.found}") from None
            except InterchangeError:
                raise
            except Exception as error:
                raise InterchangeError(str(file), 0, f"no CAS: {error!r}"[:160]) from None

    def _load(self, cassis: Any, file: Path) -> Any:  # noqa: ANN401
        if self.suffix == "json":
            text = read_text(file, file.parent)
            loads(text)  # strictly, before another parser sees it
            return cassis.load_cas_from_json(text)
        folder = next((p for p in (file.parent, file.parent.parent) if (p / TYPES).is_file()), None)
        if folder is None:
            raise InterchangeError(str(file), 0, f"no {TYPES} stands beside or above it")
        types, data = read_bytes(folder / TYPES, TYPES), read_bytes(file, str(file))
        check_xml(types, str(folder / TYPES))
        check_xml(data, str(file))
        return cassis.load_cas_from_xmi(io.BytesIO(data), typesystem=cassis.load_typesystem(io.BytesIO(types)))

    def write(self, corpus: Corpus, documents: Iterator[Outgoing], out: Path, report: Report) -> None:
        """A folder with a file for every document, and with the type system where it is not in the files."""
        cassis = library("cassis", "cas")
        out.mkdir()
        types = _types(cassis, corpus.layers)
        if self.suffix == "xmi":
            types.to_xml(out / TYPES)
        for document in documents:
            if self.suffix == "xmi" and not holds(document, report):
                continue
            made = _cas(cassis, types, document, corpus.layers, report)
            target = out / f"{document.id}.{self.suffix}"
            made.to_xmi(target) if self.suffix == "xmi" else made.to_json(target)
            lose_provenance(document, report)


VARIANTS = {"json": CasFormat("json"), "xmi": CasFormat("xmi")}


def _document(cas: Any, stem: str, report: Report) -> Incoming:  # noqa: ANN401
    text = cas.sofa_string
    if not isinstance(text, str):
        raise ValueError("it has no text")
    into, system = Collector(), cas.typesystem
    ids: dict[int, str] = {}
    roots, spans = list[Any](), list[Any]()
    for fs in cas.select_all_fs():
        type_ = fs.type
        names = {feature.name for feature in type_.all_features}
        if "first" in names:
            roots.append(fs)
        elif (
            "next" not in names and system.subsumes(ANNOTATION, type_) and type_.name != "uima.tcas.DocumentAnnotation"
        ):
            spans.append(fs)
    own_units = any(_layer_name(type_) == "structure" for type_ in system.get_types() if type_.name.startswith(OWN))
    for fs in spans:
        if fs.type.name == f"{SEGMENTATION}Token" or (fs.type.name == f"{SEGMENTATION}Sentence" and own_units):
            continue
        ids[fs.xmiID] = f"T{len(ids) + 1}"
    for fs in (x for x in spans if x.xmiID in ids):
        into.add(*_annotation(fs, ids, text, into))
    _chains(roots, ids, spans, text, into)
    if cas.document_language and cas.document_language != "x-unspecified":
        return into.document(stem, text, {"language": cas.document_language})
    return into.document(stem, text)


def _layer_name(type_: Any) -> str:  # noqa: ANN401
    """The name of a type as a layer: its last part, words parted by underscores; a sentence is structure."""
    if type_.name == f"{SEGMENTATION}Sentence":
        return "structure"
    made = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type_.name.rpartition(".")[2]).casefold()
    made = re.sub(r"[^a-z0-9_]", "_", made)
    return made if made[:1].isalpha() else f"type_{made}"


def _annotation(fs: Any, ids: dict[int, str], text: str, into: Collector) -> tuple[str, Annotation]:  # noqa: ANN401
    """The layer of a feature structure, and what it says."""
    said: dict[str, object] = {}
    arguments: list[Argument] = []
    ends: dict[str, str] = {}
    for feature in fs.type.all_features:
        value = fs.get(feature.name) if feature.name not in ("begin", "end", "sofa") else None
        if isinstance(value, str | int | float | bool):
            said[feature.name] = value
        elif feature.name in ENDS and value is not None:
            ends[feature.name] = ids.get(value.xmiID, "")
        elif value is not None and hasattr(value, "elements"):
            for link in value.elements or ():
                target = getattr(link, "target", None)
                if target is not None:
                    arguments.append(Argument(link.get("role") or feature.name, ids.get(target.xmiID, "?")))
        elif value is not None and value.xmiID in ids:
            arguments.append(Argument(feature.name, ids[value.xmiID]))
    sentence = fs.type.name == f"{SEGMENTATION}Sentence"
    key = next((x for x in LABELS if isinstance(said.get(x), str)), "")
    label = str(said.pop(key)) if key else "SENTENCE" if sentence else fs.type.name.rpartition(".")[2]
    name = _layer_name(fs.type)
    _, a = into.annotation(ids[fs.xmiID], label, {**said, "layer": name})
    words = quoted(text, [(fs.begin, fs.end)])
    if set(ends) == set(ENDS):
        plain = tuple(Argument(role, ends[end]) for role, end in zip(("head", "tail"), ENDS, strict=True))
        return name, Annotation(a.id, label, arguments=plain, attributes=a.attributes, note=a.note)
    if arguments or any(f.name == "arguments" for f in fs.type.all_features):
        return name, Annotation(
            a.id, label, trigger=words, arguments=tuple(arguments), attributes=a.attributes, note=a.note
        )
    return name, Annotation(a.id, label, segments=words, attributes=a.attributes, note=a.note)


def _chains(roots: list[Any], ids: dict[int, str], spans: list[Any], text: str, into: Collector) -> None:
    """A chain for every first link; a link is the span it names, or the only one on its words, or one of its own."""
    at: dict[tuple[int, int], list[str]] = {}
    for fs in spans:
        if fs.xmiID in ids and fs.type.name != f"{SEGMENTATION}Sentence":
            at.setdefault((fs.begin, fs.end), []).append(ids[fs.xmiID])
    for number, root in enumerate(roots, start=1):
        members: list[str] = []
        seen: set[int] = set()
        link = root.first
        while link is not None and link.xmiID not in seen:
            seen.add(link.xmiID)
            named = link.get("member") if any(f.name == "member" for f in link.type.all_features) else None
            found = (
                [ids[named.xmiID]] if named is not None and named.xmiID in ids else at.get((link.begin, link.end), [])
            )
            if len(found) != 1:
                found = [f"M{number}-{len(members) + 1}"]
                mention = Annotation(
                    found[0], link.get("referenceType") or "Mention", segments=quoted(text, [(link.begin, link.end)])
                )
                into.add("mention", mention)
            members.append(found[0])
            link = link.next
        said = {f.name: root.get(f.name) for f in root.type.all_features if isinstance(root.get(f.name), str)}
        label = str(said.pop("label", "Coreference"))
        name = _layer_name(root.type).removesuffix("_chain")
        _, a = into.annotation(f"C{number}", label, {**said, "layer": name})
        into.add(
            name, Annotation(a.id, label, members=tuple(members), entity=a.entity, attributes=a.attributes, note=a.note)
        )


def _type_name(layer: Layer) -> str:
    return OWN + layer.name.capitalize()


def _types(cassis: Any, layers: Layers) -> Any:  # noqa: ANN401
    """The type system of a corpus."""
    system = cassis.TypeSystem()
    for name in ("Sentence", "Token"):
        system.create_type(f"{SEGMENTATION}{name}", ANNOTATION)
    for layer in layers.values():
        if layer.kind == "chain":
            link = system.create_type(f"{_type_name(layer)}Link", ANNOTATION)
            system.create_feature(link, "next", link)
            system.create_feature(link, "referenceType", STRING)
            system.create_feature(link, "referenceRelation", STRING)
            system.create_feature(link, "member", ANNOTATION)
            made = system.create_type(f"{_type_name(layer)}Chain", "uima.cas.AnnotationBase")
            system.create_feature(made, "first", link)
            for name in ("entity", "name"):
                system.create_feature(made, name, STRING)
        else:
            made = system.create_type(_type_name(layer), ANNOTATION)
        for name in ("label", "note", *layer.attributes):
            system.create_feature(made, name, STRING)
        if layer.kind == "relation":
            for name in ENDS:
                system.create_feature(made, name, ANNOTATION)
        if layer.kind == "event":
            link = system.create_type(f"{_type_name(layer)}ArgumentsLink", TOP)
            system.create_feature(link, "role", STRING)
            system.create_feature(link, "target", ANNOTATION)
            system.create_feature(made, "arguments", "uima.cas.FSArray", elementType=link)
    return system


def _cas(cassis: Any, types: Any, document: Outgoing, layers: Layers, report: Report) -> Any:  # noqa: ANN401
    """A document as a CAS; INCEpTION wants tokens and sentences in it."""
    cas = cassis.Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = document.text, "text/plain"
    cas.document_language = document.metadata.get("language", "x-unspecified")
    units = unit_layer(layers)
    hulls = (
        [a.hull for a in document.file.layers.get(units.name, ()) if a.label in units.constraints.units]
        if units
        else []
    )
    for start, end in sorted(hulls) or [(0, len(document.text))] * bool(document.text):
        cas.add(types.get_type(f"{SEGMENTATION}Sentence")(begin=start, end=end))
        for first, last in zip(*tokenize(document.text, start, end), strict=True):
            cas.add(types.get_type(f"{SEGMENTATION}Token")(begin=first, end=last))
    made: dict[str, Any] = {}
    for layer, a in document.of_kind("span", "event"):
        if len(a.anchor) > 1:
            report.lose("discontinuous spans", f"{document.id} {a.id}")
            continue
        made[a.id] = types.get_type(_type_name(layer))(begin=a.hull[0], end=a.hull[1], **_said(a))
        cas.add(made[a.id])
    for layer, a in document.of_kind("event", "relation", "chain"):
        where = f"{document.id} {a.id}"
        if layer.kind == "event" and a.id in made:
            link = types.get_type(f"{_type_name(layer)}ArgumentsLink")
            kept = [g for g in a.arguments if g.target in made]
            report.lose("arguments that are words and no annotations", where, sum(not g.target for g in a.arguments))
            report.lose("arguments that are discontinuous", where, sum(bool(g.target) for g in a.arguments) - len(kept))
            array = types.get_type("uima.cas.FSArray")
            if kept:
                made[a.id].arguments = array(elements=[link(role=g.role, target=made[g.target]) for g in kept])
        elif layer.kind == "relation":
            ends = [made[g.target] for g in a.arguments if g.target in made]
            if [g.role for g in a.arguments] != list(layer.roles)[:2] or len(ends) != 2:
                report.lose("relations of other than two whole annotations in the first two roles", where)
                continue
            head, tail = ends
            said = {**_said(a), "Governor": head, "Dependent": tail}
            cas.add(types.get_type(_type_name(layer))(begin=tail.begin, end=tail.end, **said))
        elif layer.kind == "chain":
            _chain(cas, types, layer, a, document, made, report)
    return cas


def _chain(
    cas: Any,  # noqa: ANN401
    types: Any,  # noqa: ANN401
    layer: Layer,
    a: Annotation,
    document: Outgoing,
    made: dict[str, Any],
    report: Report,
) -> None:
    members = [made[m] for m in a.members if m in made]
    where = f"{document.id} {a.id}"
    report.lose("members that are discontinuous", where, len(a.members) - len(members))
    if not members:
        return
    type_ = types.get_type(f"{_type_name(layer)}Link")
    after = None
    for member in reversed(members):
        after = type_(begin=member.begin, end=member.end, next=after, referenceType=member.label, member=member)
        cas.add(after)
    entity = {"entity": a.entity, "name": document.names.get(a.entity, a.entity)} if a.entity else {}
    cas.add(types.get_type(f"{_type_name(layer)}Chain")(first=after, **entity, **_said(a)))


def _said(a: Annotation) -> dict[str, str]:
    """Label, note and attributes as strings."""
    plain = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in a.attributes.items()}
    return {"label": a.label, **({"note": a.note} if a.note else {}), **plain}
