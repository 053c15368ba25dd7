"""Partitions as transactions of a database: its tables declared from the schema, loaded bare, then given their keys."""
