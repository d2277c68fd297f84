"""The command line: parse, call one core function, render, exit. The only room with typer."""
