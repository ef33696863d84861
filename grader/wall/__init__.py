"""What holds a student's program in: which wall this machine can build, and how to start a process behind it."""

from grader.wall.bubblewrap import command, environment, site_folders
from grader.wall.policy import policy, readable
from grader.wall.probe import Wall, probe

__all__ = ["Wall", "command", "environment", "policy", "probe", "readable", "site_folders"]
