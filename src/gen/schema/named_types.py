"""This file knows the text types of Pydantic and its extra types, by the name of the class: each one's format."""

from __future__ import annotations

# full name of a class -> the format of its text
FORMAT_OF_TYPE: dict[str, str] = {}
