"""Puts this folder on the path, so that tests in the folders below can use the rigs that stand here."""
