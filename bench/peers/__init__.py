"""What a user could run instead: one program each, started as a process of its own."""
