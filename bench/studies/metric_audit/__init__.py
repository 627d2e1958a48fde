"""What every metric says of estimates whose faults are known."""

from bench.studies.metric_audit.study import STUDY

__all__ = ["STUDY"]
