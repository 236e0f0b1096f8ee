"""What people get: `grade release DIR`.

    shape        the reference as a course generation has it
    template     the reference with the answers taken out
    bundle       all archives of one release (student.zip: template, self-check, public fixtures),
                 with their checksums

An archive for a platform is a module of its own beside these.
"""
