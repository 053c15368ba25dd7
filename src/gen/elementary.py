"""This file knows exponentials, logarithms, powers and sines whose bits are the same on every platform.

The library's differ by an ulp between processors, and a law's tables, made at plan time, must not. These use
+ - * / alone, in a fixed order, over float64 arrays. Relative errors are below 1e-15; those of `expm1` grow to 2e-14
near 0.01, those of `power` with the logarithm of the result. Tables need 1e-10.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # the high one has 20 zero bits at its end
_PER_LN2 = 1.4426950408889634 * 32
_EXPONENTS = [1 / factorial(n) for n in range(7, 0, -1)]  # of e^r - 1, |r| < 0.011
_PARTS = 32  # of a power of two
_ROOTS = np.array([float(Decimal(2) ** (Decimal(j) / _PARTS)) for j in range(_PARTS)])
_ATANH = [2 / n for n in range(23, 1, -2)]  # of 2 atanh(s) - 2 s, |s| < 0.172
_SINES = [(-1) ** ((n - 1) // 2) / factorial(n) for n in range(27, 0, -2)]  # |y| <= pi / 2


def _horner(x: Floats, coefficients: list[float]) -> Floats:
    total = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= x
    return total + coefficients[-1]


def exp(x: Floats) -> Floats:
    """e^x; 0 below -745, infinite above 709.7."""
    x = np.asarray(x, np.float64)
    k = np.rint(np.clip(x, -800.0, 800.0) * _PER_LN2)
    whole = k.astype(np.int32)
    root = _ROOTS[whole & (_PARTS - 1)]
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(root + root * _rest(np.clip(x, -800.0, 800.0), k), whole >> 5))


def _rest(x: Floats, k: Floats) -> Floats:
    """e^r - 1 where x is k ln 2 / 32 + r."""
    r = (x - k * (_LN2_HIGH / _PARTS)) - k * (_LN2_LOW / _PARTS)
    return r * _horner(r, _EXPONENTS)


def expm1(x: Floats) -> Floats:
    """e^x - 1, precise near 0."""
    x = np.asarray(x, np.float64)
    k = np.rint(np.clip(x, -800.0, 800.0) * _PER_LN2)
    whole = k.astype(np.int32)
    rest, root = _rest(np.clip(x, -800.0, 800.0), k), _ROOTS[whole & (_PARTS - 1)]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        scale = np.ldexp(root, whole >> 5)
        near, far = (scale - 1.0) + scale * rest, np.ldexp(root + root * rest, whole >> 5)
        found: NDArray[np.float64] = np.where(whole < 60 * _PARTS, near, far)
        return found


def _two_atanh(s: Floats) -> Floats:
    """log((1 + s) / (1 - s)) for |s| < 0.172."""
    square = s * s
    return 2.0 * s + s * square * _horner(square, _ATANH)


def log(x: Floats) -> Floats:
    """The natural logarithm of numbers of 0 or more; of 0 minus infinity."""
    x = np.asarray(x, np.float64)
    m, e = np.frexp(x)
    small = m < 0.7071067811865476
    m, e = np.where(small, 2.0 * m, m), np.where(small, e - 1, e).astype(np.float64)
    with np.errstate(invalid="ignore"):
        found = e * _LN2_HIGH + (e * _LN2_LOW + _two_atanh((m - 1.0) / (m + 1.0)))
    return np.where(x == 0, -np.inf, np.where(x == np.inf, np.inf, found))


def log1p(x: Floats) -> Floats:
    """log(1 + x), precise near 0; of -1 minus infinity."""
    x = np.asarray(x, np.float64)
    whole = 1.0 + x
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = (x - (whole - 1.0)) / whole  # what rounding 1 + x left out
    return np.asarray(log(whole) + np.where((whole > 0) & (whole < np.inf), lost, 0.0))


def power(x: Floats, exponent: float) -> Floats:
    """x^exponent for x of 0 or more."""
    return exp(exponent * log(x)) if exponent else np.ones_like(x)


def sin(y: Floats) -> Floats:
    """The sine of angles from -pi / 2 to pi / 2."""
    return y * _horner(y * y, _SINES)


@lru_cache(maxsize=1)
def gauss_legendre(count: int) -> tuple[list[float], list[float]]:
    """Nodes and weights of the quadrature rule on [-1, 1], each the nearest double: by Newton's method in decimals."""
    nodes, weights = [], []
    with localcontext() as context:
        context.prec = 50
        for i in range(count):
            # The roots lie near these points of a circle; from a rough place each is found by itself.
            x = Decimal(str(round(float(np.cos(np.pi * (i + 0.75) / (count + 0.5))), 6)))
            for _ in range(8):
                before, value = Decimal(1), x
                for n in range(2, count + 1):
                    before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
                slope = count * (x * value - before) / (x * x - 1)
                x -= value / slope
            nodes.append(float(x))
            weights.append(float(2 / ((1 - x * x) * slope * slope)))
    return nodes[::-1], weights[::-1]
