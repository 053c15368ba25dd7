"""Patterns: regular expressions as counted languages, to be drawn from and ranked."""
