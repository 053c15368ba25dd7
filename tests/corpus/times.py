"""This file knows the corpus's times: dates, times of day, points in time, durations and time zones, with bounds."""

from __future__ import annotations

import datetime
import zoneinfo
from datetime import UTC, date, time, timedelta
from typing import Annotated

import annotated_types as at
from pydantic import (
    AwareDatetime,
    ConfigDict,
    Field,
    FutureDate,
    FutureDatetime,
    NaiveDatetime,
    PastDate,
    PastDatetime,
    condate,
)

from corpus.entries import field, group

START, END = datetime.datetime(2021, 1, 18), datetime.datetime(2021, 12, 31, 23, 59, 59)
START_UTC, END_UTC = START.replace(tzinfo=UTC), END.replace(tzinfo=UTC)
BERLIN_WINTER = datetime.timezone(timedelta(hours=1))

DATES = group(
    "date",
    {
        "date": field(date, date(2024, 2, 29)),
        "date ge": field(Annotated[date, Field(ge=date(2021, 1, 18))], date(2021, 1, 18)),
        "date gt lt": field(Annotated[date, Field(gt=date(2020, 2, 28), lt=date(2020, 3, 2))], date(2020, 2, 29)),
        "date le": field(Annotated[date, Field(le=date(1900, 1, 1))], date(1850, 6, 1)),
        "date of one day": field(
            Annotated[date, Field(ge=date(2020, 5, 1), le=date(2020, 5, 1))], date(2020, 5, 1), constant=True
        ),
        "date strict": field(Annotated[date, Field(strict=True)], date(2020, 5, 1)),
        "PastDate": field(PastDate, date(1999, 1, 1)),
        "FutureDate": field(FutureDate, date(2999, 1, 1)),
        "PastDate ge": field(Annotated[PastDate, Field(ge=date(2000, 1, 1))], date(2001, 1, 1)),
        "condate": field(condate(ge=date(2000, 1, 1), lt=date(2001, 1, 1)), date(2000, 12, 31)),
        "date empty range": field(Annotated[date, Field(gt=date(2020, 1, 1), lt=date(2020, 1, 2))], ..., refused=True),
    },
)

MOMENTS = group(
    "datetime",
    {
        "datetime": field(datetime.datetime, START),
        "datetime ge": field(Annotated[datetime.datetime, Field(ge=START)], START),
        "datetime ge le": field(Annotated[datetime.datetime, Field(ge=START, le=END)], END),
        "datetime gt lt": field(
            Annotated[datetime.datetime, Field(gt=START, lt=START + timedelta(microseconds=3))],
            START + timedelta(microseconds=1),
        ),
        "datetime aware bounds": field(Annotated[datetime.datetime, Field(ge=START_UTC, le=END_UTC)], START_UTC),
        "datetime bounds of another zone": field(
            Annotated[datetime.datetime, Field(ge=START.replace(tzinfo=BERLIN_WINTER))], START_UTC
        ),
        "datetime strict": field(Annotated[datetime.datetime, Field(strict=True)], START),
        "datetime multiple declarations": field(Annotated[datetime.datetime, at.Ge(START), at.Lt(END)], START),
        "AwareDatetime": field(AwareDatetime, START_UTC),
        "AwareDatetime ge lt": field(Annotated[AwareDatetime, Field(ge=START_UTC, lt=END_UTC)], START_UTC),
        "NaiveDatetime": field(NaiveDatetime, START),
        "NaiveDatetime ge le": field(Annotated[NaiveDatetime, Field(ge=START, le=END)], START),
        "PastDatetime": field(PastDatetime, START),
        "FutureDatetime": field(FutureDatetime, datetime.datetime(2999, 1, 1)),
        "FutureDatetime le": field(
            Annotated[FutureDatetime, Field(le=datetime.datetime(2900, 1, 1))], datetime.datetime(2899, 1, 1)
        ),
        "datetime as seconds in JSON": field(datetime.datetime, START, config=ConfigDict(ser_json_temporal="seconds")),
        "datetime Timezone of any": field(Annotated[datetime.datetime, at.Timezone(...)], START_UTC, refused=None),
        "datetime empty range": field(Annotated[datetime.datetime, Field(gt=END, lt=START)], ..., refused=True),
    },
)

DAYTIMES = group(
    "time",
    {
        "time": field(time, time(12, 30)),
        "time ge lt": field(Annotated[time, Field(ge=time(9), lt=time(17, 30))], time(9)),
        "time gt le": field(Annotated[time, Field(gt=time(23, 59), le=time(23, 59, 59))], time(23, 59, 59)),
        "time aware bounds": field(
            Annotated[time, Field(ge=time(9, tzinfo=UTC), le=time(10, tzinfo=UTC))], time(9, tzinfo=UTC), refused=None
        ),
        "time strict": field(Annotated[time, Field(strict=True)], time(1)),
    },
)

DURATIONS = group(
    "timedelta",
    {
        "timedelta": field(timedelta, timedelta(hours=1)),
        "timedelta ge": field(Annotated[timedelta, Field(ge=timedelta(0))], timedelta(0)),
        "timedelta ge le": field(
            Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(hours=2))], timedelta(hours=2)
        ),
        "timedelta gt lt": field(
            Annotated[timedelta, Field(gt=timedelta(days=-1), lt=timedelta(0))], timedelta(hours=-1)
        ),
        "timedelta strict": field(Annotated[timedelta, Field(strict=True)], timedelta(1)),
        "timedelta as a number": field(timedelta, timedelta(1), config=ConfigDict(ser_json_timedelta="float")),
        "timedelta empty range": field(
            Annotated[timedelta, Field(gt=timedelta(1), lt=timedelta(1))], ..., refused=True
        ),
    },
)

ZONES = group("zone", {"ZoneInfo": field(zoneinfo.ZoneInfo, "Europe/Vienna")})

TIMES = DATES + MOMENTS + DAYTIMES + DURATIONS + ZONES
