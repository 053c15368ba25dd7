"""This file knows the corpus's JSON Schemas as people write them, each with an example and a near miss."""

from __future__ import annotations

from corpus.business import BLOG, CALENDAR, CATALOGUE, ORDER, PAYMENT, PERSON, RECIPE
from corpus.documents import group, schema
from corpus.technical import CONFIGURATION, EVENT, GEO, MANIFEST, MENU, SENSOR, TABLE

_ADDRESS = {"street": "a", "city": "b", "country": "AT"}
_TIME = "2024-02-29T12:00:00Z"
_UUID = "12345678-1234-4234-8234-123456789abc"
_LINE = {"sku": "ABC-12345", "quantity": 1, "price": 1.25}
_ORDER = {
    "id": _UUID,
    "made": _TIME,
    "status": "open",
    "customer": {"name": "a", "email": "a@b.org"},
    "lines": [_LINE],
    "total": 1.25,
}
_POINT = {"type": "Point", "coordinates": [16.4, 48.2]}
_PRODUCT = {"productId": 1, "productName": "a", "price": 1.5}
_BLOG = {"slug": "a-b", "title": "title", "published": False, "body": [{"kind": "text", "text": "a"}]}
_LISTEN = {"host": "127.0.0.1", "port": 80}
_EVENT = {"id": _UUID, "time": _TIME, "type": "moved"}
REALISTIC = group(
    "realistic",
    {
        "order": schema(ORDER, _ORDER, _ORDER | {"lines": []}),
        "person": schema(
            PERSON,
            {"firstName": "a", "lastName": "b", "address": _ADDRESS},
            {"firstName": "a", "lastName": "b", "address": {}},
        ),
        "features on a map": schema(
            GEO,
            {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": None, "geometry": _POINT}]},
            {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": None, "geometry": {}}]},
        ),
        "package manifest": schema(
            MANIFEST, {"name": "a", "version": "1.0.0", "x-a": 1}, {"name": "a", "version": "1"}
        ),
        "calendar event": schema(
            CALENDAR,
            {"summary": "a", "start": _TIME, "duration": "PT1H"},
            {"summary": "a", "start": _TIME, "end": _TIME, "duration": "PT1H"},
        ),
        "product catalogue": schema(CATALOGUE, [_PRODUCT], [_PRODUCT | {"price": 0}]),
        "blog": schema(BLOG, _BLOG, _BLOG | {"published": True}),
        "configuration": schema(
            CONFIGURATION,
            {"listen": _LISTEN, "storage": {"file": "a"}},
            {"listen": _LISTEN, "storage": {"file": "a", "bucket": "abc"}},
        ),
        "event": schema(EVENT, _EVENT | {"payload": {"from": "a", "to": "b"}}, _EVENT | {"payload": {"name": "a"}}),
        "sensor": schema(
            SENSOR, {"sensor": _UUID, "unit": "C", "values": [1, 2, 3]}, {"sensor": _UUID, "unit": "C", "values": []}
        ),
        "menu": schema(MENU, [{"label": "a", "entries": [{"label": "b", "action": "c"}]}], [{"label": "a"}]),
        "payment": schema(
            PAYMENT,
            {"amount": 1.5, "currency": "EUR", "method": "transfer", "iban": "AT" + "1" * 18},
            {"amount": 1.5, "currency": "EUR", "method": "card"},
        ),
        "recipe": schema(
            RECIPE,
            {"name": "a", "ingredients": [{"name": "b", "amount": 1, "unit": "g"}], "steps": ["c"]},
            {"name": "a", "ingredients": [{"name": "b", "amount": 1}], "steps": ["c"]},
        ),
        "table": schema(TABLE, {"columns": ["a"], "rows": [[1, "a", None]]}, {"columns": [], "rows": []}),
    },
)
