"""Proves laws of time: series against exact fractions, and calendars against every hour within the bounds."""

import datetime
import math
import pickle
from fractions import Fraction
from typing import Annotated

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field
from scipy import stats

import gen
from columns import examples, source
from gen import SchemaError
from gen.schema.distributions import distribution_of
from gen.synth.grids import Grid
from gen.synth.laws.compiled import compile_law
from gen.synth.laws.lines import Line, line_of_grid

FALSE_ALARM = 1e-6  # of each test, were its seed not fixed
MONDAY = datetime.datetime(2024, 2, 26)  # of the week of a leap day
DAY = datetime.timedelta(days=1)


def law(fact, grid=None, rows=1000, low=0.0, high=1000.0, day=0):
    line = Line(low, high) if grid is None else line_of_grid(grid, origin=0, day=day)
    return compile_law("Thing.x", distribution_of("Thing.x", fact), line, rows)


def integers(field, rows):
    column = source(rows, x=field).at(range(rows)).column("x")
    return column.cast("int64").to_numpy()


# -- series ---------------------------------------------------------------------------------------------------


@examples
@given(
    start=st.integers(0, 400).map(lambda k: Fraction(k, 8)),
    interval=st.integers(1, 300).map(lambda k: Fraction(k, 10)),
    share=st.integers(0, 4).map(lambda k: Fraction(k, 4)),
    word=st.integers(0, 2**64 - 1),
)
def test_a_series_is_rounded_down_from_exact_sums(start, interval, share, word):
    """Against fractions; every jitter is a whole number of the parts into which all three divide a step."""
    facts = {"start": float(start), "interval": float(interval), "jitter": float(share * interval)}
    made = law({"name": "series", **facts}, Grid(0, 1, 10**6), 1000)
    parts = math.lcm(*(Fraction(str(value)).denominator for value in facts.values()))
    moved = Fraction(word * int(Fraction(str(facts["jitter"])) * parts) >> 64, parts)
    expected = [math.floor(start + interval * row + moved) for row in (0, 1, 2, 999)]
    rows = np.array([0, 1, 2, 999], np.uint64)
    assert made.values(rows, lambda r: np.full(len(r), word, np.uint64)).tolist() == expected


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_the_jitter_of_a_series_is_uniform_and_rows_are_in_order(share):
    seconds = Annotated[
        datetime.datetime,
        Field(ge=MONDAY),
        gen.Series(start=MONDAY, interval=datetime.timedelta(seconds=2), jitter=2 * share),
    ]
    since = int((MONDAY - datetime.datetime(1970, 1, 1)).total_seconds()) * 10**6
    found = integers(seconds, 50_000) - since
    assert (np.diff(found) >= 0).all()
    jitter = found - 2 * 10**6 * np.arange(50_000)
    assert jitter.min() >= 0 and jitter.max() < 2e6 * share
    assert stats.kstest(jitter / (2e6 * share), "uniform").pvalue > FALSE_ALARM


def test_a_series_of_dates_and_numbers():
    six_hours = Annotated[
        datetime.date, Field(ge=MONDAY.date()), gen.Series(interval=datetime.timedelta(hours=6), jitter=0)
    ]
    days = (MONDAY - datetime.datetime(1970, 1, 1)).days
    assert source(9, x=six_hours).at(range(9)).column("x").cast("int32").to_pylist() == [
        days + row // 4 for row in range(9)
    ]
    floats = Annotated[float, Field(ge=0, le=100), gen.Series(start=1, interval=0.1, jitter=0.1)]
    values = source(900, x=floats).at(range(900)).column("x").to_numpy()
    assert (np.diff(values) >= 0).all()
    assert stats.kstest((values - 1) * 10 - np.arange(900), "uniform").pvalue > FALSE_ALARM
    spread = Annotated[int, Field(ge=10, le=109), gen.Series()]
    assert source(50, x=spread).at(range(50)).column("x").to_pylist() == list(range(10, 110, 2))
    crowded = source(400, x=spread).at(range(400)).column("x").to_pylist()
    assert crowded == [10 + row // 4 for row in range(400)]


@examples
@given(
    start=st.floats(-1e9, 1e9),
    interval=st.floats(1e-9, 1e3),
    rows=st.lists(st.integers(0, 10**6), min_size=1, max_size=20),
    seed=st.integers(0, 99),
)
def test_a_series_of_floats_is_in_order_whatever_is_rounded(start, interval, rows, seed):
    made = law({"name": "series", "start": start, "interval": interval, "jitter": interval}, None, 1, -2e9, 3e9)
    numbers = np.unique(np.array([*rows, *(row + 1 for row in rows)], np.uint64))
    words = np.random.default_rng(seed).integers(2**64 - 2**12, 2**64, numbers.size, np.uint64)
    values = made.sampler.of_rows(numbers, lambda r: words)
    assert (np.diff(values) >= 0).all()


def test_a_series_by_range_equals_the_same_rows_picked_and_travels():
    field = Annotated[int, Field(ge=0, le=10**9), gen.Series(interval=1.5, jitter=1)]
    table = source(10**6, x=field)
    whole = table.at(range(5000, 6000)).column("x")
    assert table.at(np.arange(5000, 6000, dtype=np.uint64)).column("x").equals(whole)
    assert pickle.loads(pickle.dumps(table)).at(range(5000, 6000)).column("x").equals(whole)


def test_jitter_beyond_the_interval_is_refused_unless_order_does_not_matter():
    with pytest.raises(SchemaError, match=r"Thing\.x.*jitter of 3.*interval of 2") as caught:
        source(10, x=Annotated[int, gen.Series(interval=2, jitter=3)])
    assert "ordered=False" in caught.value.hint
    field = Annotated[int, gen.Series(interval=2, jitter=30, ordered=False)]
    found = integers(field, 1000)
    assert (np.diff(found) < 0).any()
    assert ((found - 2 * np.arange(1000)) < 30).all()


REFUSED = [
    (Annotated[int, Field(le=1000), gen.Series(interval=2)], "1998"),
    (Annotated[int, Field(ge=0, le=1999), gen.Series(interval=2, jitter=2, start=1)], "beyond"),
    (Annotated[int, Field(ge=5), gen.Series(start=4, interval=1)], "from 4"),
    (Annotated[float, Field(le=999.0), gen.Series(interval=1.0, jitter=0.5)], "beyond"),
    (Annotated[int, Field(le=2**62), gen.Series(interval=1000, jitter=0.1234567890123457)], "digits"),
    (Annotated[int, gen.Series(interval=0)], "interval"),
    (Annotated[int, gen.Series(interval=1, jitter=-1)], "jitter"),
    (Annotated[int, gen.Mixture([(1, gen.Series(interval=1))])], "no part"),
    (Annotated[int, gen.Calendar()], "dates and date-times"),
    (Annotated[datetime.time, gen.Calendar()], "dates and date-times"),
    (Annotated[datetime.date, gen.Calendar(hours=(9, 17))], "no hours"),
    (Annotated[datetime.datetime, gen.Calendar(weekdays=[1, 1])], "2 weekdays"),
    (Annotated[datetime.datetime, gen.Calendar(hours=(17, 9))], "17"),
    (Annotated[datetime.datetime, gen.Calendar(hours=(9, 17), hour_weights=[1] * 24)], "hour_weights"),
    (Annotated[datetime.datetime, gen.Calendar(hour_weights=[1] * 23)], "23"),
    (Annotated[datetime.datetime, Field(ge=MONDAY, lt=MONDAY + DAY / 4), gen.Calendar()], "none of its hours"),
]


@pytest.mark.parametrize(("field", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_cannot_be_is_refused_by_name(field, said):
    with pytest.raises(SchemaError) as caught:
        source(1000, x=field)
    assert "Thing.x" in str(caught.value) and said in str(caught.value) and caught.value.hint


# -- calendars ------------------------------------------------------------------------------------------------

WEEKDAYS = [1, 2, 1, 1, 0.5, 0.2, 0.1]
HOURS = [0.01] * 8 + [1, 2, 3, 3, 2, 3, 3, 2, 1] + [0.5] * 7


def expected_shares(low, high, weekdays, hours):
    """Every hour from `low` to before `high` with its weight, times the share of it that lies inside."""
    first = low.replace(minute=0, second=0, microsecond=0)
    starts, weights = [], []
    for i in range(math.ceil((high - first) / (DAY / 24))):
        start = first + i * DAY / 24
        inside = min(start + DAY / 24, high) - max(start, low)
        starts.append(start)
        weights.append(weekdays[start.weekday()] * hours[start.hour] * (inside / (DAY / 24)))
    return starts, np.array(weights)


SPANS = [
    (MONDAY, MONDAY + 7 * DAY),
    (MONDAY + 2.3 * DAY, MONDAY + 3.1 * DAY),
    (MONDAY - 1.77 * DAY, MONDAY + 16.05 * DAY),
    (datetime.datetime(2024, 2, 1, 13, 30), datetime.datetime(2024, 3, 10, 9, 20)),
]


@pytest.mark.parametrize(("low", "high"), SPANS)
@pytest.mark.parametrize("office", [False, True])
def test_a_calendar_gives_each_hour_its_weight_within_the_bounds(low, high, office):
    """Chi-square over all hours; and uniform within the hour, by Kolmogorov and Smirnov."""
    weekdays, hours = ([1] * 5 + [0, 0], [0] * 9 + [1] * 8 + [0] * 7) if office else (WEEKDAYS, HOURS)
    marker = gen.Calendar() if office else gen.Calendar(weekdays=WEEKDAYS, hour_weights=HOURS)
    field = Annotated[datetime.datetime, Field(ge=low, lt=high), marker]
    starts, weights = expected_shares(low, high, weekdays, hours)
    found = integers(field, 100_000)
    epoch = datetime.datetime(1970, 1, 1)
    origin = (starts[0] - epoch) // datetime.timedelta(microseconds=1)
    which, rest = np.divmod(found - origin, 3600 * 10**6)
    counts = np.bincount(which, minlength=len(weights))
    assert counts[weights == 0].sum() == 0
    kept = weights * 1e5 / weights.sum() >= 10
    expected = np.append(weights[kept], weights[~kept].sum() or 1e-300)
    observed = np.append(counts[kept], counts[~kept].sum())
    assert stats.chisquare(observed, expected / expected.sum() * observed.sum()).pvalue > FALSE_ALARM
    inner = (which > which.min()) & (which < which.max())
    assert stats.kstest(rest[inner] / 3.6e9, "uniform").pvalue > FALSE_ALARM
    assert (low - epoch) / datetime.timedelta(microseconds=1) <= found.min()
    assert found.max() < (high - epoch) / datetime.timedelta(microseconds=1)


def test_a_calendar_of_dates_is_exact_to_the_day():
    low, high = datetime.date(2023, 12, 27), datetime.date(2024, 3, 12)
    field = Annotated[datetime.date, Field(ge=low, le=high), gen.Calendar(weekdays=WEEKDAYS)]
    days = [low + datetime.timedelta(days=i) for i in range((high - low).days + 1)]
    column = source(100_000, x=field).at(range(100_000)).column("x").cast("int32").to_numpy()
    counts = np.bincount(column - (low - datetime.date(1970, 1, 1)).days, minlength=len(days))
    weights = np.array([WEEKDAYS[day.weekday()] for day in days])
    assert stats.chisquare(counts, weights / weights.sum() * 1e5).pvalue > FALSE_ALARM


@examples
@example(first=0, count=8_762_400_000_001, weekdays=[0, 0, 0, 0, 0, 0, 0.001], hours=(0, 10))
@given(
    first=st.integers(-3 * 10**15, 3 * 10**15),
    count=st.integers(7 * 86_400 * 10**6, 2 * 10**15),
    weekdays=st.lists(st.sampled_from([0, 1, 0.001]), min_size=7, max_size=7),
    hours=st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] < pair[1]),
)
def test_a_calendar_keeps_its_bounds_and_its_closed_hours_to_the_microsecond(first, count, weekdays, hours):
    """At the words at both ends, too; and values ascend with the word."""
    fact = {"name": "calendar", "weekdays": [*weekdays[:6], weekdays[6] or 1], "hours": list(hours)}
    grid = Grid(first, 1, count)
    words = np.random.default_rng(count % 1000).integers(0, 2**64, 500, np.uint64)
    words = np.sort(np.append(words, np.array([0, 1, 2**64 - 2, 2**64 - 1], np.uint64)))
    values = law(fact, grid, day=86_400 * 10**6).at(words)
    assert (np.diff(values) >= 0).all() and values.min() >= first and values.max() <= grid.last
    days, rest = np.divmod(values, 86_400 * 10**6)
    hour = rest // (3600 * 10**6)
    assert (np.array(fact["weekdays"])[(days + 3) % 7] > 0).all()
    assert ((hour >= hours[0]) & (hour < hours[1])).all()


def test_a_calendar_over_all_of_time():
    field = Annotated[
        datetime.datetime,
        Field(ge=datetime.datetime.min, le=datetime.datetime.max),
        gen.Calendar(weekdays=WEEKDAYS, hour_weights=HOURS),
    ]
    found = integers(field, 50_000)
    days = np.floor_divide(found, 86_400 * 10**6)
    counts = np.bincount((days + 3) % 7, minlength=7)
    assert stats.chisquare(counts, np.array(WEEKDAYS) / sum(WEEKDAYS) * 50_000).pvalue > FALSE_ALARM
    assert stats.kstest((days - days.min()) / (days.max() - days.min()), "uniform").pvalue > FALSE_ALARM


def test_a_zoned_column_is_open_in_utc():
    low = MONDAY.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=9)))
    field = Annotated[datetime.datetime, Field(ge=low, lt=low + 7 * DAY), gen.Calendar()]
    values = source(1000, x=field).at(range(1000)).column("x").to_pylist()
    assert {value.hour for value in values} == set(range(9, 17))
    assert {value.weekday() for value in values} == set(range(5))
