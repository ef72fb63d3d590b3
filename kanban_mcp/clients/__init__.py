"""What each coding agent needs to use the board, and how it gets into a project's files and out of them again.

Imported by the command line only; standard library only.
"""
