"""From evidence to verdicts, points and item results.

verdicts       what the judges' findings say of an item
dependencies   what an item builds on, and which of that failed
follow         a failed item once more, with what it builds on put right
large_input    cpu and memory on a large input
passes         what a backward pass asked of its forward pass
score          points, by parts
outcome        an item as people read it
training/      runs of the Solver: believed if their parameters hold on images of ours
"""
