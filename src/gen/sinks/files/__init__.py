"""Partitions as files in a folder, in one of several formats; each appears whole or not at all, and once."""
