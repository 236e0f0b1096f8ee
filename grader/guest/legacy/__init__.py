"""What code for older environments needs: Python 2 as it was meant, NumPy as it was.

python2        what Python 2 meant; statements: how it was written
compat         modules that are not installed beside the student
old_numpy      what older NumPy accepted; old_names and old_operators: how it is given back
world          a submission's modules in one process, and cases tried in an older world
"""
