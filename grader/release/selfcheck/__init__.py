"""The self-check: what students run before they hand in, on public cases only.

    main        arguments, exit codes; starts without NumPy
    public      the public part of the assignment, in one file
    children    processes: started ahead, asked once, always ended
    runner      public cases in processes of their own, with a time limit
    check       from what happened to a verdict and its explanation, by the grader's own modules
    run         where these come together, for a folder or a zip
    show        lines for a terminal or an editor
    screen      where they go; drawn, what rich draws there
    card        the same as HTML: what check() shows in a notebook
    page        a page of such cards
    watch       again whenever a file is saved
    handin      the zip that is handed in: made, and looked through; notebooks, too

`grade release` copies these modules and all that they import into the students' folder, together
with the public cases. They need Python 3.9 and NumPy, and nothing else.
"""
