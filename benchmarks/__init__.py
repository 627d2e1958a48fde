"""Measurements that are run by hand; each prints its table."""
