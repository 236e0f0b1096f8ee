"""From a stranger's path to bytes by name, and what a person should look at in its source.

intake    a zip or a folder becomes a Submission, or is refused in one clear line
zip_names what an entry of a zip is called
upload    what was found, with bounds; folder and archive: where it was found; layout: what is what
written   which functions were written, and where
review/   flags for a person, from the source alone
"""
