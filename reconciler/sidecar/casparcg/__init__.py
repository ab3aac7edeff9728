"""CasparCG as the sidecar meets it: its command line, its read-back, its outputs, its config."""
