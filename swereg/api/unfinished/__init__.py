"""Trainings that are not entries yet: interrupted ones, and trained ones that wait to be stored."""
