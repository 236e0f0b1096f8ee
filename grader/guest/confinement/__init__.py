"""What a process beside the student may use: a user of its own, limits, Landlock, seccomp."""
