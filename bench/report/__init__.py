"""The report: what a study's summary says, written as one offline page with its figures and tables."""

from bench.report.content import Attachment, ReportContent
from bench.report.page import write_report

__all__ = ["Attachment", "ReportContent", "write_report"]
