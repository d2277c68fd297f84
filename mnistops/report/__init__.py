"""Report: results as people and programs read them. The only room that imports rich."""
