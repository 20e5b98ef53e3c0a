"""Budgets as definitions, and what becomes of them: spent, pace, allowances, forecast. Pure."""
