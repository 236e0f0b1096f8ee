"""Reads, runs, caches and rewrites .ipynb, and finds the answers to inline questions.

ipynb            the file format
run              the cells in the box, one notebook after another; run_cache: unless nothing changed
percent          notebooks as percent scripts, as the reference keeps them
questions        the inline questions of the reference; inline_answers: what a student answered
spool            learned parameters, on disk
"""
