"""Synthesizers: one column each, as a function from row numbers to values; and a table of them as a Source."""
