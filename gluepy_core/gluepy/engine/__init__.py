"""The loop that carries out a plan: it starts, times and records steps, and calls the hooks."""
