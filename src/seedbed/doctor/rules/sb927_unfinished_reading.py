"""A file is too large to be read to its end.

## What it does

`seedbed check` follows a program step by step, through its loops and calls, up to a number of steps. Where they do not
suffice, this hint says so, once per file, with the line at which reading stopped.

## Why is this bad

What comes after that line was not judged. A file without findings may then look correct only because it was not read.

## Example

```python
for step in range(3):
    for part in parts:
        train(step, part)  # calls thousands of lines
```

## Use instead

```python
train_part(parts[0])  # a file of its own for each part, or: seedbed doctor train.py
```
"""
