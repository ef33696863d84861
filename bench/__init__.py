"""Measurements that anyone can repeat: ``make bench``. Ratios in one run, medians of interleaved repeats, never a test."""
