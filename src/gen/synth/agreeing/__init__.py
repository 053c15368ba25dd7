"""Agreeing: columns that speak of one person or place, and what the names of fields say they are about."""
