"""The pages in a real browser, on two servers that federate.

`town` (the servers and who lives there), `sights` (every page, and who sees it), `screens` (sizes,
themes, with and without scripts); then the tests. `make screenshots` (`python -m tests.browser`)
takes a picture of every sight.
"""
