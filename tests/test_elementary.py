"""Proves the elementary functions against SciPy's and NumPy's, and the quadrature rule against NumPy's."""

import numpy as np
import pytest
from numpy.polynomial import legendre

from gen import elementary

DRAWN = np.random.default_rng(4)
WIDE = np.concatenate([DRAWN.uniform(-700, 700, 50_000), DRAWN.normal(0, 1, 50_000), DRAWN.normal(0, 1e-7, 999), [0.0]])
ABOVE = np.concatenate(
    [DRAWN.uniform(-0.9999999, 9, 50_000), DRAWN.normal(0, 1e-8, 999), 10.0 ** -np.arange(1, 15) - 1]
)
CASES = {
    "exp": (elementary.exp, np.exp, WIDE, 5e-16),
    "expm1": (elementary.expm1, np.expm1, WIDE, 2e-14),
    "log": (elementary.log, np.log, np.exp(WIDE), 1e-15),
    "log1p": (elementary.log1p, np.log1p, ABOVE, 1e-15),
    "sin": (elementary.sin, np.sin, np.linspace(-np.pi / 2, np.pi / 2, 99_999), 1e-15),
    "square root": (lambda x: elementary.power(x, 0.5), np.sqrt, np.abs(WIDE), 2e-15),
    "power": (lambda x: elementary.power(x, -2.5), lambda x: 1 / (x * x * np.sqrt(x)), np.abs(WIDE) + 1e-3, 1e-14),
}


@pytest.mark.parametrize("name", CASES)
def test_a_function_is_the_library_s_but_for_rounding(name):
    mine, theirs, x, tolerance = CASES[name]
    expected = theirs(x)
    assert np.all(np.abs(mine(x) - expected) <= tolerance * np.abs(expected))


def test_ends():
    assert elementary.exp(np.array([-np.inf, -1e9, -745.0, 710.0, np.inf])).tolist() == [0, 0, 5e-324, np.inf, np.inf]
    assert elementary.log(np.array([0, 5e-324, 1, np.inf])).tolist() == [-np.inf, np.log(5e-324), 0, np.inf]
    assert elementary.log1p(np.array([-1.0, 0, np.inf])).tolist() == [-np.inf, 0, np.inf]
    assert elementary.expm1(np.array([-np.inf, 0, np.inf])).tolist() == [-1, 0, np.inf]
    assert elementary.power(np.array([0.0, 1, 3]), 0).tolist() == [1, 1, 1]
    assert elementary.power(np.array([0.0, 1]), 2).tolist() == [0, 1]


@pytest.mark.parametrize("count", [1, 2, 7, 12])
def test_nodes_and_weights_are_those_of_gauss_and_legendre(count):
    nodes, weights = elementary.gauss_legendre(count)
    expected = legendre.leggauss(count)
    assert np.allclose(nodes, expected[0], rtol=0, atol=4e-16)
    assert np.allclose(weights, expected[1], rtol=4e-14, atol=0)
