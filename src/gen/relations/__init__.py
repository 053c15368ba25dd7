"""The rooms of relations: rows of one table and rows of another, joined by arithmetic alone."""
