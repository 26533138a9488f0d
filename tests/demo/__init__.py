"""`make demo`: three servers on this machine that federate, watched through their web pages, with a
scripted microblog and a scripted forum beside them.

`__main__` starts them and lets them stand, `play` is what happens, `stage` measures and prints.
"""
