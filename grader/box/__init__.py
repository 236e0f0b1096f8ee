"""Runs the cases of one submission, confined, and returns Evidence; never hangs.

plan       which layers this machine gives, and the command that starts a worker in them
outer      bubblewrap: a view of the system without anything of ours
worker     the supervisor's end of one worker process
job        what goes in and comes out
session    cases in, Evidence out, with retries; evidence: answers as plain records
doctor/    what `grade doctor` shows of this machine
"""
