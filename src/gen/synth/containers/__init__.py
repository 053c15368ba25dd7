"""Containers: lists, sets, maps and unions, drawn from the columns that are their parts."""
