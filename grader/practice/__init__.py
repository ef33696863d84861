"""A student's own run: her folder, the public suite, a grade; once, or again whenever she saves."""

from grader.practice.work import SEED, asked, check, is_changed, my_work, open_starter, pdb_command, what_is_known

__all__ = ["SEED", "asked", "check", "is_changed", "my_work", "open_starter", "pdb_command", "what_is_known"]
