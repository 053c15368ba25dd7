"""Texts: lists of them, pieces put together, formats, domains and prose."""
