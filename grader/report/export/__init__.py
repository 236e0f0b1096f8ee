"""One result.json in, the text of another format out: data first, pure functions.

    reading        result.json, checked
    exported       what every format says of an item, in plain words
    gradescope     results.json of an autograder
    executed       the notebooks in it, as they ran
    classroom50    result.json of Classroom 50
    junit          JUnit XML
    github         the step summary and the annotations of GitHub Actions

A fault of ours is never worth zero points here: see each format for what it writes instead.
"""
