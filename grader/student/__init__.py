"""Start a worker behind a wall, and speak with the student in it."""
