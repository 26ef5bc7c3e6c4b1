"""Only a part of the training data is used.

## What it does

Looks for data.args.limit and trainer.overfit_batches.

## Why is this bad

Both are for a quick try. Left in, they make a real run worse without a word.

## Example

```json
{"trainer": {"overfit_batches": 2}}
```

## Use instead

```json
{"trainer": {"epochs": 3}}
```
"""
