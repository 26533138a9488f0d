"""`python -m tests.crash`: two servers are killed while they talk and lose nothing.

`__main__` reads the command line, `story` plays it, `people` fills the servers, `driver` does what
people do and remembers what must come of it, `kills` ends processes at the worst moment, `books`
compares what both servers have in the end.
"""
