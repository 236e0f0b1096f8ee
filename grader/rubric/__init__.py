"""What is asked: sections, items, parts, cases and tolerances, read from a TOML file.

A rubric is written by people, so every error names file, item and field and says what would be
right. `include = ["folder/adam.toml"]` puts the items of other files above its own. `extends =
"other"` starts from another rubric beside the file: its tables are merged, and an item with a known
id changes that item. Nothing is registered anywhere else: a probe or judge is named by its module
and function, and a name that points nowhere is an error here.

    tables    what a file may hold
    reading   from a file to tables, with errors that name the place
    names     whether what is named exists
    cases     the Rubric that everything else uses
    inputs    the arrays of a case, from a short description and the seed
"""
