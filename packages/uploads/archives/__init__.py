"""Reading wheels and sdists without trusting them: constant memory, everything measured.

Nothing is ever extracted to disk, and no archive within an archive is ever opened.
"""
