"""Alarms: what they are, when they fire, and why."""
