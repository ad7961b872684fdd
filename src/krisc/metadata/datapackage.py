"""``datapackage.json``: the Parquet files as a Data Package (datapackage.org), one resource a file."""

from __future__ import annotations

from typing import Any

from krisc.facts import Facts
from krisc.metadata.described import Described, media_type
from krisc.tables import Column, Label, ListOf, Scalar, Struct, Table

TYPES = {"string": "string", "int64": "integer", "float64": "number", "bool": "boolean", "date32": "date"}
Json = dict[str, Any]


def datapackage(of: Described, facts: Facts) -> Json:
    """The package of a release; Parquet cannot be cut into one resource of many files, so each file is one."""
    value = {
        "profile": "data-package",
        "name": of.cited.name,
        "title": of.cited.title,
        "description": of.description,
        "version": of.cited.version,
        "id": of.identifier,
        "created": f"{of.cited.released}T00:00:00Z",
        "homepage": of.cited.address,
        "keywords": list(of.keywords),
        "licenses": [
            {"name": one.name, "path": one.url, "title": f"{one.of}: {one.name}"} for one in of.licences if one.url
        ],
        "contributors": [{"title": name, "role": "author"} for name in of.cited.authors],
        "resources": [
            _resource(of, of.declared[name], split, file)
            for name, splits in facts.tables.items()
            for split, one in splits.items()
            for file in one.files
        ],
    }
    return {key: one for key, one in value.items() if one not in ("", [])}


def _resource(of: Described, table: Table, split: str, file: str) -> Json:
    return {
        "name": file.removesuffix(".parquet").replace("/", "-"),
        "path": file,
        "title": f"{table.name}, {split}",
        "description": table.description,
        "format": "parquet",
        "mediatype": media_type(file),
        "bytes": of.files[file].bytes,
        "hash": f"sha256:{of.files[file].sha256}",
        "schema": {"fields": [_field(column) for column in table.columns]},
    }


def _field(column: Column) -> Json:
    made: Json = {"name": column.name, "description": column.description}
    constraints: Json = {} if column.null else {"required": True}
    match column.type:
        case Scalar(name):
            made["type"] = TYPES[name]
            if name == "string":
                constraints = {}  # an empty string is a value here, and none for a Data Package
        case Label(names):
            made["type"] = "integer"
            made["description"] += f" Numbers of: {', '.join(names)}."
            constraints |= {"minimum": 0, "maximum": len(names) - 1}
        case ListOf():
            made["type"] = "array"
        case Struct():
            made["type"] = "object"
    return made | ({"constraints": constraints} if constraints else {})
