"""Charts: one documented chart view, two drawers."""
