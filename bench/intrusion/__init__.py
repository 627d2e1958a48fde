"""The intruder test for people: one page to answer, and scores from the files of answers."""

from bench.intrusion.page import Picture, Task, intrusion_page
from bench.intrusion.score import score_answers
from bench.intrusion.tasks import tasks_of

__all__ = ["Picture", "Task", "intrusion_page", "score_answers", "tasks_of"]
