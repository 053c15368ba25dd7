"""Judging: what a model or a schema says of drawn values, and how those are drawn that it takes."""
