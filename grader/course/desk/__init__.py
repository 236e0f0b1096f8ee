"""The desk: people grade what only people can. docs/desk.md is its manual.

book       what there is to judge, in whose order, and what became of it
saving     what a marker does, as decisions
evidence   pictures, findings of the machine and model answers beside an answer
pages      what each page says; templates/ lays it out
server     the pages at 127.0.0.1
offline    a desk as one file for each marker, and back
"""
