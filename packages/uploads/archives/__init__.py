"""Reading wheels and sdists without trusting them: constant memory, everything measured.

Nothing is ever extracted to disk. Archives within archives are only measured (`nested`).
"""
