"""The code that runs beside the student: it knows the probes and their inputs, and no answer.

    serve     the worker process: one NumPy start, a driver per submission, a child per group
    modules   a student's files as importable modules, compiled from source only
    python2   small repairs that let sources of the early course years compile
    observe   one case: call the probe, turn what comes back into plain arrays
    limits    what a child may use

Nothing here imports the judging side of the grader; it could not, for it is started with a path on
which only these files, `wire`, `errors` and `probes` exist (see grader.box).
"""
