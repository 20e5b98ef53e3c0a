"""Log lines grouped into templates: what is fixed in a line stays, what varies becomes a placeholder."""
