"""Orders into the world: the one `match` (dispatch), what each family of commands does, what undoes it, the effects of faults."""
