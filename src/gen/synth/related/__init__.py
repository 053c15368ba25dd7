"""The rooms of related: what follows from the rows of another table."""
