"""lineup."""
