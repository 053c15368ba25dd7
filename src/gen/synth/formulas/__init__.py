"""Formulas: the safe language of expressions, its operations, and what functions of the user return."""
