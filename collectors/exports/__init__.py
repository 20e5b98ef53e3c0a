"""Billing data exports, FOCUS and legacy CUR, read with DuckDB: exact, bounded in memory, currencies kept apart."""
