"""One file per mistake: its docstring is the page that ``seedbed explain`` prints; ``check`` finds it in code."""
