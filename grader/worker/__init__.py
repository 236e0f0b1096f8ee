"""The code that runs beside the student: it knows the probes and their inputs, and no answer.

    serve          the worker process: one NumPy start, a driver per submission, a child per group
    world          a submission's modules in one process, and cases tried with them
    sources        a student's file, compiled from its text only
    modules        the compiled files as importable modules
    unavailable    imports that cannot be resolved: they raise where they are used
    compat         modules that are not installed beside the student
    python2        what Python 2 meant; statements: how it was written
    old_numpy      what older NumPy accepted; old_names and old_operators: how it is given back
    observe        one case: call the probe, turn what comes back into plain arrays
    limits         what a child may use

Nothing here imports the judging side of the grader; it could not, for it is started with a path on
which only these files, `wire`, `errors` and `probes` exist (see grader.box).
"""
