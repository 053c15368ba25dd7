"""Schemas as users would write them; `employee` is the one `python -m gen` runs without a `--schema`."""
