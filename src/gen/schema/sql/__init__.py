"""Tables of SQL databases: their types, conditions, keys and references, read into the vocabulary."""
