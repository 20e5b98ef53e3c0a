"""CloudWatch Logs: groups, lines read through a store, what is new, context, and Logs Insights."""
