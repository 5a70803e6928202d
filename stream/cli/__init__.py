"""The command line: `main` is the group, each command a module of its own, imported when it is called."""
