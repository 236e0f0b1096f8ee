"""Many submissions: read from a class's export, kept, graded, resumed.

records    who handed in what: people, files, attempts, what was found
sources/   a class as its teacher has it, one module per learning management system (LMS)
roster     who is in the class; joining: which of them handed in what
packed     one zip of whatever was handed in
place      the folder of a class: its rights, its lock, and where it may not lie
settings   course.toml
store      class.sqlite: students, attempts, results
enrol      from what a source holds to rows of the store
tasks      what is graded under which key: an upload, away from any store
archive    results/KE/KEY.zip, the files of one result
runners/   who grades the tasks: processes here, Dask
drive      hands tasks to a runner, and keeps what comes back
sentences  a teacher's sentences for the same wrong numbers, in reports
publish    reports of students, grades.csv, index.html
dashboard/ what the class understood, and the quality of the checks
similarity/ which submissions share what few others have
classroom  the whole: enrol, plan, drive, publish
"""
