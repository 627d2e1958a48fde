"""One contest a file."""
