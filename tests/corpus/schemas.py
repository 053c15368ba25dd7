"""This file knows every JSON Schema of the corpus, in one table."""

from __future__ import annotations

from corpus.combinations import COMBINATIONS
from corpus.compounds import COMPOUNDS
from corpus.documents import Document
from corpus.keywords import KEYWORDS
from corpus.realistic import REALISTIC

SCHEMAS: tuple[Document, ...] = KEYWORDS + COMPOUNDS + COMBINATIONS + REALISTIC
