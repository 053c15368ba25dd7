"""Proves that arrays vary in length after a prefix, and that items of a set differ as JSON compares them."""

import pytest

from test_json_schema import INTEGER, distinct, rows_of

TEXT = {"type": "string"}
PREFIXED = {"type": "array", "prefixItems": [TEXT, TEXT], "items": INTEGER}
LENGTHS = {
    "nothing else said": (PREFIXED, range(2, 8)),
    "at least": (PREFIXED | {"minItems": 4}, range(4, 10)),
    "at most": (PREFIXED | {"maxItems": 3}, range(2, 4)),
    "different ones": (PREFIXED | {"maxItems": 4, "uniqueItems": True}, range(2, 5)),
    "of many": (PREFIXED | {"minItems": 998}, range(998, 1001)),
    "the prefix alone": (PREFIXED | {"items": False}, range(2, 3)),
    "not said what follows": ({"type": "array", "prefixItems": [TEXT, INTEGER]}, range(2, 3)),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_arrays_that_begin_with_a_prefix_vary_in_length(name):
    """Of 200 rows a sixth has each of six lengths: one is missed once in 10^15 tests."""
    document, lengths = LENGTHS[name]
    assert {len(row) for row in rows_of(document, 200)} == set(lengths)


SETS = {
    "numbers alike": ([1, 1.0, True, "1"], 3),
    "inside others": ([[1], [1.0], {"a": 1}, {"a": 1.0}, {"a": True}], 3),
    "weights": ([0, 0.0, False, "x"], 3),
}


@pytest.mark.parametrize("name", SETS)
def test_items_that_json_calls_equal_are_in_a_set_once(name):
    values, most = SETS[name]
    weights = {"weights": [1, 2, 3, 4]} if name == "weights" else {}
    made = rows_of({"type": "array", "items": {"enum": values} | weights, "uniqueItems": True}, 300)
    assert max(map(len, made)) == most
    assert len(distinct(made)) > 8
