"""All that is loaded beside the student's code, and nothing that knows an answer.

    wire           frames: how arrays and text leave the box
    operations     all that is known of a function of the assignment; small: its smallest cases
    probes/        what an implementation is asked to do, one plain function for each behaviour
    confine        what a process may use: user, limits, Landlock, seccomp
    serve          the worker process: one NumPy start, then a driver for each submission
    driver         one submission; children: the processes that run its code; relay: its notebooks
    scratch        the folder that notebooks write in, and how much
    alone          one submission without a box: the self-check
    prepare        what is done to Python and the files before; library: modules without a file
    sources        a student's files, compiled from their text only
    modules        the compiled files as importable modules
    unavailable    imports that cannot be resolved: they raise where they are used
    observe        one case: call the probe, turn what comes back into plain arrays
    calls          the layers that a net calls; handed_out: losses that a student changed
    cells          the cells of a notebook, run by IPython; selfcheck: what its check() says there
    training_log   what its Solver tells of a training run, by its states; draws: what it must show
    legacy/        what Python 2 meant and what older NumPy accepted

Nothing here imports the judging side of the grader; it could not, for it is started with a path on
which only this package and `errors` exist (see grader.box.plan).
"""
