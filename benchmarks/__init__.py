"""Measurements that are run by hand; each prints its table."""

import bench  # noqa: F401  # its threads are set as in a run
