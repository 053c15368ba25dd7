"""Proves the special functions of plan time against SciPy, in both tails."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from gen.synth.laws.special import (
    beta_quadrature,
    gamma_quadrature,
    normal_below,
    normal_density,
    normal_quantile,
    von_mises_quadrature,
)

TAIL = 2.0 ** -np.linspace(1, 60, 400)


def test_normal_probabilities_are_those_of_scipy_far_into_the_tail():
    x = np.linspace(-37, 8, 1000)
    assert np.allclose(normal_below(x), special.ndtr(x), rtol=1e-13, atol=0)
    assert np.allclose(normal_density(x), stats.norm.pdf(x), rtol=1e-12, atol=0)


def test_normal_quantiles_use_the_smaller_probability():
    assert np.allclose(normal_quantile(TAIL, 1 - TAIL), special.ndtri(TAIL), rtol=1e-12)
    assert np.allclose(normal_quantile(1 - TAIL, TAIL), -special.ndtri(TAIL), rtol=1e-12)


@pytest.mark.parametrize("shape", [0.05, 0.3, 1, 2.5, 40, 1000])
def test_gamma_probabilities_and_quantiles_have_small_relative_errors(shape):
    law = gamma_quadrature(shape)
    x = stats.gamma(shape).ppf(np.linspace(0.001, 0.999, 200))
    below, above = law.tails(np.log(x / shape))
    assert np.allclose(below, special.gammainc(shape, x), rtol=1e-12)
    assert np.allclose(above, special.gammaincc(shape, x), rtol=1e-12)
    low, high = (shape * np.exp(law.inverse(*ends)) for ends in ((TAIL, 1 - TAIL), (1 - TAIL, TAIL)))
    shown = low > 1e-290
    assert np.allclose(special.gammainc(shape, low[shown]), TAIL[shown], rtol=1e-11)
    assert np.allclose(special.gammaincc(shape, high), TAIL, rtol=1e-11)


@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 0.05), (0.5, 0.5), (1, 1), (2, 5), (0.1, 30), (1000, 2000)])
def test_beta_probabilities_and_quantiles_have_small_relative_errors(alpha, beta):
    law, shift = beta_quadrature(alpha, beta), math.log(alpha / beta)
    low = special.expit(law.inverse(TAIL, 1 - TAIL) + shift)
    high = special.expit(-law.inverse(1 - TAIL, TAIL) - shift)  # 1 - x, without loss
    for x, a, b in ((low, alpha, beta), (high, beta, alpha)):
        assert np.allclose(special.betainc(a, b, x)[x > 1e-290], TAIL[x > 1e-290], rtol=1e-11)


@pytest.mark.parametrize("concentration", [0.01, 1, 4, 30])
def test_von_mises_probabilities_are_those_of_scipy(concentration):
    law, y = von_mises_quadrature(concentration), np.linspace(-math.pi, math.pi, 300)
    assert np.allclose(law.tails(y)[0], stats.vonmises(concentration).cdf(y), rtol=0, atol=1e-12)
    assert np.allclose(law.density(y), stats.vonmises(concentration).pdf(y), rtol=1e-11)
    assert np.allclose(law.tails(law.inverse(TAIL, 1 - TAIL))[0], TAIL, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("concentration", [1000.0, 1e7])
def test_concentrated_von_mises_probabilities_are_those_of_an_integral(concentration):
    """Beyond 50 SciPy takes an approximation; here is the density integrated."""
    law, end = von_mises_quadrature(concentration), -2 / math.sqrt(concentration)

    def density(y):
        return math.exp(-2 * concentration * math.sin(y / 2) ** 2)

    width = 12 / math.sqrt(concentration)
    part, whole = (integrate.quad(density, -width, x, epsabs=0, epsrel=1e-13)[0] for x in (end, width))
    assert law.tails(np.array([end]))[0][0] == pytest.approx(part / whole, rel=1e-11)
