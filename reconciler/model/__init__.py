"""The nouns: frozen values that the rest of the program speaks in."""
