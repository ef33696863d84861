"""grade: exercises and an autograder for learning neural networks."""

__version__ = "0.1.0"
