"""The embedded demo cloud: an AWS endpoint on loopback whose fleet really scales."""
