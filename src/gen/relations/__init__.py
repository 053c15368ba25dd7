"""Rows of one table and rows of another: who refers to whom, as arithmetic that knows no schema and no values."""
