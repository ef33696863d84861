"""What runs behind the wall. Imports ``grader.wire`` and nothing else of the grader."""
