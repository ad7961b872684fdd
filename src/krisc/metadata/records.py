"""``datacite.json`` and ``.zenodo.json``: what archives that give DOIs ask for.

DataCite's kernel 4 (schema.datacite.org) in the JSON of its own interface; Zenodo's metadata of a deposit
(developers.zenodo.org).
"""

from __future__ import annotations

from typing import Any

from krisc.metadata.described import MEDIA_TYPES, Described, Licence

KERNEL = "http://datacite.org/schema/kernel-4"
Json = dict[str, Any]


def datacite(of: Described) -> Json:
    """The record of a release for DataCite; it has a DOI only where the corpus has one."""
    value = {
        "schemaVersion": KERNEL,
        "doi": of.cited.doi,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Annotated corpus"},
        "creators": [{"name": name} for name in of.cited.authors],
        "titles": [{"title": of.cited.title}],
        "publisher": {"name": ", ".join(of.cited.authors)},
        "publicationYear": of.cited.released[:4],
        "version": of.cited.version,
        "url": of.cited.homepage,
        "language": of.languages[0] if len(of.languages) == 1 else "",
        "subjects": [{"subject": word} for word in of.keywords],
        "dates": [
            {"date": of.cited.released, "dateType": "Issued"},
            *(
                [{"date": of.covered, "dateType": "Other", "dateInformation": "years of the texts"}]
                if of.covered
                else ()
            ),
        ],
        "alternateIdentifiers": [
            {"alternateIdentifier": of.identifier, "alternateIdentifierType": "SHA-256 of the rows"},
            {"alternateIdentifier": f"{of.cited.name}-{of.cited.version}", "alternateIdentifierType": "name"},
        ],
        "sizes": [f"{of.documents} documents", f"{_parquet_bytes(of)} bytes of Parquet"],
        "formats": [MEDIA_TYPES[".parquet"]],
        "rightsList": [_rights(one) for one in of.licences],
        "descriptions": [{"description": of.description, "descriptionType": "Abstract"}],
    }
    return {key: one for key, one in value.items() if one not in ("", [])}


def _parquet_bytes(of: Described) -> int:
    return sum(one.bytes for name, one in of.files.items() if name.endswith(".parquet"))


def _rights(one: Licence) -> Json:
    said: Json = {"rights": f"{one.of}: {one.name}"}
    if one.url:
        said |= {
            "rightsUri": one.url,
            "rightsIdentifier": one.name,
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    return said


def zenodo(of: Described) -> Json:
    """What Zenodo reads from a repository or with a deposit.

    A deposit has one licence. Where that of the annotations is not that of all texts, the files are restricted, and the
    conditions say whose the texts are.
    """
    terms = "; ".join(f"{one.of}: {one.name}" for one in of.licences)
    value = {
        "upload_type": "dataset",
        "title": of.cited.title,
        "description": of.description,
        "creators": [{"name": name} for name in of.cited.authors],
        "version": of.cited.version,
        "publication_date": of.cited.released,
        "keywords": list(of.keywords),
        "language": of.languages[0] if len(of.languages) == 1 else "",
        "access_right": "open" if of.uniform else "restricted",
        "license": of.licences[0].name.lower() if of.uniform else "",
        "access_conditions": "" if of.uniform else terms,
        "notes": f"{terms}. Hash of the rows: {of.identifier}",
        "doi": of.cited.doi,
        "related_identifiers": [{"identifier": of.cited.homepage, "relation": "isDocumentedBy"}]
        if of.cited.homepage
        else [],
    }
    return {key: one for key, one in value.items() if one not in ("", [])}
