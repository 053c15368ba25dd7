"""This file knows the name of the corpus: declarations of fields and JSON Schemas that gen is to support."""
