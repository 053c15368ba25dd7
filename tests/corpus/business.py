"""This file knows JSON Schemas as people write them for business: orders, persons, calendars, products, posts."""

from __future__ import annotations

from corpus.documents import DIALECT

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}

MONEY = {"type": "number", "minimum": 0, "maximum": 9999.99}

ADDRESS = {
    "type": "object",
    "properties": {
        "street": TEXT,
        "city": TEXT,
        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "code": {"type": ["string", "null"], "maxLength": 10},
    },
    "required": ["street", "city", "country"],
    "additionalProperties": False,
}

ORDER = {
    "$schema": DIALECT,
    "$id": "https://a.org/order",
    "title": "Order",
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "made": {"type": "string", "format": "date-time"},
        "status": {"enum": ["open", "paid", "sent", "returned"]},
        "customer": {"$ref": "#/$defs/customer"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1, "maxItems": 5},
        "total": MONEY,
        "notes": {"type": ["string", "null"], "maxLength": 200},
    },
    "required": ["id", "made", "status", "customer", "lines", "total"],
    "additionalProperties": False,
    "$defs": {
        "customer": {
            "type": "object",
            "properties": {"name": TEXT, "email": {"type": "string", "format": "email"}, "address": ADDRESS},
            "required": ["name", "email"],
        },
        "line": {
            "type": "object",
            "properties": {
                "sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{5}$"},
                "quantity": {"type": "integer", "minimum": 1, "maximum": 99},
                "price": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000, "multipleOf": 0.25},
            },
            "required": ["sku", "quantity", "price"],
        },
    },
}

PERSON = {
    "type": "object",
    "properties": {
        "firstName": TEXT,
        "lastName": TEXT,
        "born": {"type": "string", "format": "date"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "address": {"$ref": "#/$defs/address"},
        "phones": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kind": {"enum": ["home", "work", "mobile"]},
                    "number": {"pattern": "^\\+[0-9]{7,14}$", "type": "string"},
                },
                "required": ["kind", "number"],
            },
            "uniqueItems": True,
            "maxItems": 3,
        },
        "friends": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2},
    },
    "required": ["firstName", "lastName", "address"],
    "$defs": {"address": ADDRESS},
}

CALENDAR = {
    "type": "object",
    "properties": {
        "summary": TEXT,
        "location": TEXT,
        "start": {"type": "string", "format": "date-time"},
        "end": {"type": "string", "format": "date-time"},
        "duration": {"type": "string", "format": "duration"},
        "recurrence": {
            "type": "object",
            "properties": {
                "every": {"enum": ["day", "week", "month"]},
                "times": {"type": "integer", "minimum": 1, "maximum": 52},
            },
            "required": ["every"],
        },
        "attendees": {
            "type": "array",
            "items": {"type": "string", "format": "email"},
            "uniqueItems": True,
            "maxItems": 5,
        },
        "geo": {
            "type": "object",
            "properties": {
                "latitude": {"type": "number", "minimum": -90, "maximum": 90},
                "longitude": {"type": "number", "minimum": -180, "maximum": 180},
            },
            "required": ["latitude", "longitude"],
        },
    },
    "required": ["summary", "start"],
    "oneOf": [{"required": ["end"]}, {"required": ["duration"]}],
    "additionalProperties": False,
}

CATALOGUE = {
    "type": "array",
    "minItems": 1,
    "maxItems": 4,
    "items": {
        "type": "object",
        "properties": {
            "productId": {"type": "integer", "minimum": 1},
            "productName": TEXT,
            "price": {"type": "number", "exclusiveMinimum": 0},
            "tags": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 4, "uniqueItems": True},
            "dimensions": {
                "type": "object",
                "properties": {
                    side: {"type": "number", "exclusiveMinimum": 0} for side in ("length", "width", "height")
                },
                "required": ["length", "width", "height"],
            },
        },
        "required": ["productId", "productName", "price"],
    },
}

BLOG = {
    "type": "object",
    "properties": {
        "slug": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+){0,4}$"},
        "title": {"type": "string", "minLength": 5, "maxLength": 80},
        "published": {"type": "boolean"},
        "publishedAt": {"type": "string", "format": "date-time"},
        "body": {"type": "array", "items": {"$ref": "#/$defs/block"}, "minItems": 1, "maxItems": 5},
        "comments": {"type": "array", "items": {"$ref": "#/$defs/comment"}, "maxItems": 3},
    },
    "required": ["slug", "title", "published", "body"],
    "if": {"properties": {"published": {"const": True}}},
    "then": {"required": ["publishedAt"]},
    "$defs": {
        "block": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"const": "text"}, "text": TEXT},
                    "required": ["kind", "text"],
                },
                {
                    "type": "object",
                    "properties": {
                        "kind": {"const": "image"},
                        "url": {"type": "string", "format": "uri"},
                        "width": {"type": "integer", "minimum": 1, "maximum": 4000},
                    },
                    "required": ["kind", "url"],
                },
            ]
        },
        "comment": {
            "type": "object",
            "properties": {
                "author": TEXT,
                "text": TEXT,
                "replies": {"type": "array", "items": {"$ref": "#/$defs/comment"}, "maxItems": 2},
            },
            "required": ["author", "text"],
        },
    },
}

PAYMENT = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "multipleOf": 0.5, "minimum": 0.5, "maximum": 500},
        "currency": {"type": "string", "enum": ["EUR", "USD", "CHF"]},
        "method": {"enum": ["card", "transfer"]},
        "card": {
            "type": "object",
            "properties": {
                "number": {"type": "string", "pattern": "^[0-9]{16}$"},
                "valid": {"type": "string", "pattern": "^(0[1-9]|1[0-2])/[0-9]{2}$"},
            },
            "required": ["number", "valid"],
        },
        "iban": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{18}$"},
    },
    "required": ["amount", "currency", "method"],
    "allOf": [
        {
            "if": {"properties": {"method": {"const": "card"}}},
            "then": {"required": ["card"]},
            "else": {"required": ["iban"]},
        },
    ],
    "dependentSchemas": {"card": {"properties": {"currency": {"enum": ["EUR", "USD"]}}}},
    "additionalProperties": False,
}

RECIPE = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "servings": {"type": "integer", "minimum": 1, "maximum": 12},
        "time": {"type": "string", "format": "duration"},
        "ingredients": {
            "type": "array",
            "minItems": 1,
            "maxItems": 6,
            "items": {
                "type": "object",
                "properties": {
                    "name": TEXT,
                    "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
                    "unit": {"enum": ["g", "ml", "piece"]},
                },
                "required": ["name", "amount"],
                "additionalProperties": False,
            },
            "contains": {"required": ["unit"]},
        },
        "steps": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 5},
        "nutrition": {
            "type": "object",
            "propertyNames": {"enum": ["fat", "protein", "sugar"]},
            "additionalProperties": MONEY,
            "minProperties": 1,
        },
    },
    "required": ["name", "ingredients", "steps"],
}
