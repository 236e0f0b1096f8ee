"""What a class teaches: index.html, from rows of the store and the results behind them.

pupils         a student's row with its result; all of them as arrays
facts          what else is read of a result, once, and kept: parts of checks, runs, sentences
numbers        means, quartiles, discrimination
understanding  items by share of full points, and the commonest causes
same_answer    students with the same wrong numbers
checks         the quality of each check: redundant, suspected wrong, disagreeing
training       what the nets of the class reached, beside what is asked
page           all of it together
"""
