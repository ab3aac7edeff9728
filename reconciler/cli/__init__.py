"""The command line: one module per command; only here do errors become exit codes."""
