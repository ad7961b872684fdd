"""``croissant.json``: Croissant 1.0 with the responsible-AI properties, which is schema.org's Dataset with more to it.

A table is a record set that reads its Parquet files; a column is a field, one of structs has sub-fields. The names of
labels are record sets too. Specifications: mlcommons.org/croissant/1.0 and /RAI/1.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from krisc.config import Config
from krisc.facts import Facts
from krisc.metadata.described import Described, media_type
from krisc.metadata.responsible import responsible
from krisc.tables import Column, Label, ListOf, Scalar, Struct, Table, Type

VERSIONS = ("http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0")
# The media type by which Croissant's reader knows Parquet; the registered one is not known to it.
PARQUET = "application/x-parquet"
TYPES = {
    "string": "sc:Text",
    "int64": "sc:Integer",
    "float64": "sc:Float",
    "bool": "sc:Boolean",
    "date32": "sc:Date",
}
# The names of a split stand at the beginning of a file's name. The reader applies this to its own result too.
SPLIT = r"^([a-z0-9_]+)(?:-.+)?$"
_TERMS = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
Json = dict[str, Any]


def croissant(of: Described, config: Config, facts: Facts) -> Json:
    """The description of a release in Croissant; keys without a value are left out."""
    names = dict(_label_names(of.declared))
    value = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(VERSIONS),
        "name": of.cited.name,
        "alternateName": of.cited.title,
        "description": of.description,
        "version": of.cited.version,
        "datePublished": of.cited.released,
        "url": of.cited.address,
        "identifier": [one for one in (of.cited.doi and f"https://doi.org/{of.cited.doi}", of.identifier) if one],
        "license": list(dict.fromkeys(one.url or one.name for one in of.licences)),
        "creator": [{"@type": "sc:Organization", "name": name} for name in of.cited.authors],
        "publisher": [{"@type": "sc:Organization", "name": name} for name in of.cited.authors],
        "keywords": list(of.keywords),
        "inLanguage": list(of.languages),
        "temporalCoverage": of.covered,
        "isAccessibleForFree": True,
        "citeAs": of.bibtex,
        **{f"rai:{key}": said for key, said in responsible(config, facts).items()},
        "distribution": [*_files(of), *(_file_set(name) for name in of.declared)],
        "recordSet": [
            _splits(facts),
            *(_names(where, label) for label, where in names.items()),
            *(_record_set(table, names) for table in of.declared.values()),
        ],
    }
    return {key: one for key, one in value.items() if one not in ("", [], None)}


def _files(of: Described) -> Iterator[Json]:
    for name, one in of.files.items():
        yield {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "contentSize": f"{one.bytes} B",
            "encodingFormat": PARQUET if name.endswith(".parquet") else media_type(name),
            "sha256": one.sha256,
        }


def _file_set(table: str) -> Json:
    return {
        "@type": "cr:FileSet",
        "@id": f"{table}-files",
        "name": f"{table}-files",
        "description": f"The Parquet files of the table {table}, one or more for each split.",
        "encodingFormat": PARQUET,
        "includes": f"{table}/*.parquet",
    }


def _splits(facts: Facts) -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits. Documents on one incident share a split, and a document keeps its split for ever.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [{"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{"splits/name": split} for split in facts.splits],
    }


def _label_names(declared: Mapping[str, Table]) -> Iterator[tuple[Label, str]]:
    """Every closed list of names once, with the record set that holds it: named for the column that has it first."""
    seen: set[Label] = set()
    for table in sorted(declared.values(), key=lambda one: one.name in ("documents", "tokens", "passes")):
        for path, type_ in _types(table.columns, table.name):
            if isinstance(type_, Label) and type_ not in seen:
                seen.add(type_)
                yield type_, f"{path}/names"


def _types(columns: tuple[Column, ...], path: str) -> Iterator[tuple[str, Type]]:
    for column in columns:
        inner = column.type.item if isinstance(column.type, ListOf) else column.type
        yield f"{path}/{column.name}", inner
        if isinstance(inner, Struct):
            yield from _types(inner.columns, f"{path}/{column.name}")


def _names(where: str, label: Label) -> Json:
    number, name = f"{where}/number", f"{where}/name"
    return {
        "@type": "cr:RecordSet",
        "@id": where,
        "name": where,
        "description": "The names of the labels, by the numbers that the tables hold.",
        "dataType": "sc:Enumeration",
        "key": {"@id": number},
        "field": [
            {"@type": "cr:Field", "@id": number, "name": "number", "dataType": "sc:Integer"},
            {"@type": "cr:Field", "@id": name, "name": "name", "dataType": "sc:Text"},
        ],
        "data": [{number: position, name: one} for position, one in enumerate(label.names)],
    }


def _record_set(table: Table, names: Mapping[Label, str]) -> Json:
    split = {
        "@type": "cr:Field",
        "@id": f"{table.name}/split",
        "name": "split",
        "description": "The split that the row is in.",
        "dataType": "sc:Text",
        "references": {"field": {"@id": "splits/name"}},
        "source": {
            "fileSet": {"@id": f"{table.name}-files"},
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": SPLIT},
        },
    }
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        "field": [split, *(_field(column, table.name, names) for column in table.columns)],
    }


def _field(column: Column, table: str, names: Mapping[Label, str], parent: str = "") -> Json:
    """A column as a field. A struct has sub-fields, of which those that are structs again can only be named."""
    path = "/".join(filter(None, (table, parent, column.name)))
    repeated = isinstance(column.type, ListOf)
    inner = column.type.item if isinstance(column.type, ListOf) else column.type
    made: Json = {"@type": "cr:Field", "@id": path, "name": column.name, "description": column.description}
    if repeated:
        made["repeated"] = True
    match inner:
        case Struct(columns):
            deeper = [c.name for c in columns if _is_deep(c.type)]
            if deeper:
                made["description"] += f" In the Parquet files it also has {', '.join(deeper)}."
            made["subField"] = [_field(c, table, names, column.name) for c in columns if not _is_deep(c.type)]
            return made
        case Label():
            made["description"] += f" Numbers; their names are in {names[inner]}."
            made["dataType"] = ["sc:Integer", "cr:Label"]
        case Scalar(name):
            made["dataType"] = TYPES[name]
    made["source"] = {"fileSet": {"@id": f"{table}-files"}, "extract": {"column": parent or column.name}}
    if parent:
        made["source"]["transform"] = {"jsonPath": column.name}
    return made


def _is_deep(type_: Type) -> bool:
    """Whether a type in a struct is a struct itself, or a list of them: the reader has one level of sub-fields."""
    return isinstance(type_.item if isinstance(type_, ListOf) else type_, Struct)
