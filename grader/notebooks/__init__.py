"""Reads, runs, caches and rewrites notebooks, and finds the answers to inline questions.

ipynb            the file format, by nbformat; repair: what it would refuse, made readable first
execute          the notebooks of a submission, one after another; executed: the record of each
client, kernel   nbclient runs the cells; the box is its kernel
frames           from the box, or from run_cache if nothing has changed
outputs          what may be kept of what cells show
transcript       what cells tell of training runs; spool: learned parameters, on disk
percent          notebooks as percent scripts, as the reference keeps them
questions        the inline questions of the reference; inline_answers: what a student answered
"""
