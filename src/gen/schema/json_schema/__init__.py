"""JSON Schema: how documents are read as columns, keyword by keyword, and columns written as documents."""
