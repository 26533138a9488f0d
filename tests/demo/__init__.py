"""`make demo`: three federating servers on this machine, observed through their web pages, with a
scripted microblog and a scripted forum beside them.

`__main__` starts them and keeps them running, `play` is the scenario, `stage` measures and prints.
"""
