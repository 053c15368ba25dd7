"""Tied: columns that depend on others of their row: computed from them, or after them."""
