"""What other people's autograders take: a zip for Gradescope, the staff's, and a folder for Classroom 50, which anybody can read."""

from grader.bundles.build import classroom50, gradescope

__all__ = ["classroom50", "gradescope"]
