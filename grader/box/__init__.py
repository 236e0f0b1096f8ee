"""Run the cases of one submission, confined, and return Evidence; never hang.

plan       which layers this machine gives, and the command that starts a worker in them
outer      bubblewrap: a view of the system without anything of ours
cgroup     the bounds of a box as a whole, where the system lets us set them
worker     the supervisor's end of one worker process
job        what goes in and comes out
session    cases in, Evidence out, with retries; evidence: answers as plain records
packages   the files of an installed package, for the box of notebooks
doctor     what `grade doctor` shows of this machine; doctor_trials: what it tries in a box
"""
