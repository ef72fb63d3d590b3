"""Tasks from elsewhere, and whole boards as text: readers from bytes to records, without a board and without its rules.

What a record becomes is decided in `service/importing.py`. Everything read here was written by strangers: it is
bounded, typed and named by file and line before anything else looks at it.
"""
