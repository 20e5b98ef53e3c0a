"""The screens: pages, view models, charts."""
