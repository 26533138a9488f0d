"""The admin guide, followed literally on bare machines: `.venv/bin/python -m tests.admin_guide`.

By hand, as root, on Debian 12 with `mmdebstrap`; it takes some minutes. In reading order: `guide`
(the commands and files in the documents), `machine` (a bare Debian in a folder, with its own
processes and network), `steps` (who does what, and what has to be replaced there), `__main__`.
"""
