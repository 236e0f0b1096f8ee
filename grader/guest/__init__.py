"""All that is loaded into the student's process, and nothing that knows an answer.

    wire           frames: how arrays and text leave the box
    probes/        what an implementation is asked to do, one plain function for each behaviour
    confine        what a process may use: user, limits, Landlock, seccomp
    legacy/        what Python 2 meant and what older NumPy accepted
    serve          the worker process: one NumPy start, a driver per submission, a child per group
    alone          the same for one submission, without a box: the self-check
    sources        a student's file, compiled from its text only
    modules        the compiled files as importable modules
    unavailable    imports that cannot be resolved: they raise where they are used
    observe        one case: call the probe, turn what comes back into plain arrays
    cells          the cells of a notebook, run by IPython

Nothing here imports the judging side of the grader; it could not, for it is started with a path on
which only this package and `errors` exist (see grader.box.plan).
"""
