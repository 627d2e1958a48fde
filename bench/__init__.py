"""Studies, points, chunks, store, executors, report and the command line: what wires the three rooms."""
