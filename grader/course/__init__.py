"""Many submissions: read from a class's export, kept, graded, resumed.

records    who handed in what: people, files, attempts, what was found
sources/   a class as its teacher has it, one module per learning management system (LMS)
roster     who is in the class; joining: which of them handed in what
packed     one zip of whatever was handed in
"""
