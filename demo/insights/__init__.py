"""Logs Insights' query language, read and executed for real over the demo cloud's lines."""
