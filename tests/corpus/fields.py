"""This file knows every field declaration of the corpus, in one table."""

from __future__ import annotations

from corpus.choices import CHOICES
from corpus.containers import CONTAINERS
from corpus.entries import Entry
from corpus.extra_types import EXTRA_TYPES
from corpus.models import MODELS
from corpus.networks import NETWORKS
from corpus.numbers import NUMBERS
from corpus.texts import TEXTS
from corpus.times import TIMES
from corpus.validators import VALIDATORS

FIELDS: tuple[Entry, ...] = (
    NUMBERS + TEXTS + TIMES + CHOICES + CONTAINERS + MODELS + NETWORKS + EXTRA_TYPES + VALIDATORS
)
