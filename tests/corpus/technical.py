"""This file knows JSON Schemas as people write them for machines: maps, manifests, settings, events, readings."""

from __future__ import annotations

from corpus.business import TEXT
from corpus.documents import DIALECT

POSITION = {
    "type": "array",
    "prefixItems": [
        {"type": "number", "minimum": -180, "maximum": 180},
        {"type": "number", "minimum": -90, "maximum": 90},
    ],
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 3,
}


def _geometry(kind: str, coordinates: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, "coordinates": coordinates},
        "required": ["type", "coordinates"],
    }


LINE = {"type": "array", "items": POSITION, "minItems": 2, "maxItems": 6}

RING = {"type": "array", "items": POSITION, "minItems": 4, "maxItems": 8}

GEO = {
    "$schema": DIALECT,
    "type": "object",
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "maxItems": 4,
            "items": {
                "type": "object",
                "properties": {
                    "type": {"const": "Feature"},
                    "id": {"oneOf": [{"type": "integer"}, TEXT]},
                    "properties": {"type": ["object", "null"]},
                    "geometry": {
                        "oneOf": [
                            {"type": "null"},
                            _geometry("Point", POSITION),
                            _geometry("LineString", LINE),
                            _geometry("Polygon", {"type": "array", "items": RING, "minItems": 1, "maxItems": 2}),
                        ]
                    },
                },
                "required": ["type", "properties", "geometry"],
            },
        },
    },
    "required": ["type", "features"],
}

MANIFEST = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 30},
        "version": {"type": "string", "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$"},
        "license": {"enum": ["MIT", "Apache-2.0", "BSD-3-Clause"]},
        "homepage": {"type": "string", "format": "uri"},
        "private": {"type": "boolean", "default": False},
        "keywords": {"type": "array", "items": TEXT, "uniqueItems": True, "maxItems": 6},
        "author": {
            "anyOf": [
                TEXT,
                {
                    "type": "object",
                    "properties": {"name": TEXT, "url": {"type": "string", "format": "uri"}},
                    "required": ["name"],
                },
            ]
        },
        "scripts": {"type": "object", "propertyNames": {"pattern": "^[a-z:]{1,12}$"}, "additionalProperties": TEXT},
        "dependencies": {
            "type": "object",
            "patternProperties": {
                "^[a-z][a-z-]{0,20}$": {"type": "string", "pattern": "^[~^]?[0-9]+\\.[0-9]+\\.[0-9]+$"}
            },
            "additionalProperties": False,
        },
    },
    "required": ["name", "version"],
    "patternProperties": {"^x-": {}},
    "additionalProperties": False,
}

CONFIGURATION = {
    "type": "object",
    "properties": {
        "level": {"enum": ["debug", "info", "warning", "error"], "default": "info"},
        "listen": {
            "type": "object",
            "properties": {
                "host": {"type": "string", "format": "ipv4"},
                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
            },
            "required": ["host", "port"],
        },
        "storage": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"file": {"type": "string", "minLength": 1}},
                    "required": ["file"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "bucket": {"type": "string", "pattern": "^[a-z0-9-]{3,20}$"},
                        "region": {"enum": ["eu-1", "us-1"]},
                    },
                    "required": ["bucket"],
                    "additionalProperties": False,
                },
            ]
        },
        "timeout": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 600},
        "features": {"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 5},
        "retries": {"type": "integer", "minimum": 0, "maximum": 10},
        "backoff": {"type": "number", "minimum": 1, "maximum": 4},
    },
    "required": ["listen", "storage"],
    "dependentRequired": {"backoff": ["retries"]},
    "additionalProperties": False,
}


def _event(kind: str, payload: dict[str, object]) -> dict[str, object]:
    return {"properties": {"type": {"const": kind}, "payload": payload}}


EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "time": {"type": "string", "format": "date-time"},
        "type": {"enum": ["created", "moved", "deleted"]},
        "payload": {"type": "object"},
    },
    "required": ["id", "time", "type", "payload"],
    "oneOf": [
        _event("created", {"properties": {"name": TEXT}, "required": ["name"]}),
        _event("moved", {"properties": {"from": TEXT, "to": TEXT}, "required": ["from", "to"]}),
        _event("deleted", {"properties": {"reason": {"type": ["string", "null"]}}, "required": ["reason"]}),
    ],
    "unevaluatedProperties": False,
}

SENSOR = {
    "type": "object",
    "properties": {
        "sensor": {"type": "string", "format": "uuid"},
        "unit": {"enum": ["C", "F", "K"]},
        "values": {
            "type": "array",
            "items": {"type": "number", "minimum": -100, "maximum": 1000},
            "minItems": 3,
            "maxItems": 12,
        },
        "flags": {
            "type": "array",
            "prefixItems": [{"type": "boolean"}, {"type": "boolean"}],
            "items": False,
            "minItems": 2,
        },
        "position": POSITION,
    },
    "required": ["sensor", "unit", "values"],
    "unevaluatedProperties": False,
}

MENU = {
    "$defs": {
        "entry": {
            "type": "object",
            "properties": {
                "label": TEXT,
                "shortcut": {"type": "string", "pattern": "^(Ctrl|Alt)\\+[A-Z]$"},
                "entries": {"type": "array", "items": {"$ref": "#/$defs/entry"}, "maxItems": 3},
                "action": TEXT,
            },
            "required": ["label"],
            "oneOf": [{"required": ["entries"]}, {"required": ["action"]}],
            "additionalProperties": False,
        }
    },
    "type": "array",
    "items": {"$ref": "#/$defs/entry"},
    "minItems": 1,
    "maxItems": 3,
}

TABLE = {
    "type": "object",
    "properties": {
        "columns": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[a-z_]{1,12}$"},
            "uniqueItems": True,
            "minItems": 1,
            "maxItems": 5,
        },
        "rows": {
            "type": "array",
            "items": {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}, "maxItems": 5},
            "maxItems": 4,
        },
        "checksum": {"type": "string", "contentEncoding": "base16", "pattern": "^[0-9a-f]{8}$"},
    },
    "required": ["columns", "rows"],
}
