"""What every suite stands on: brokers under test, other people's clients, and checks.

Everything that is started is ended by its process id; every wait has a bound; every directory is removed.
"""
