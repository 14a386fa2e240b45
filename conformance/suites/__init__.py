"""The suites: each module has a docstring that says what it proves, and `run(world)`."""
