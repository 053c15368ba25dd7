"""Models: how classes with annotated fields are read as columns, and how they judge rows."""
