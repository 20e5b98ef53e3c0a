"""Page load measured three ways: a probe, the browsers of real users, and recordings that somebody made."""
