"""The monthly report as files: HTML and PDF of one value, and where that value is gathered."""
