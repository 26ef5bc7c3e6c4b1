"""float16 on a CPU is slow and loses small gradients.

## What it does

Looks at trainer.precision and the device.

## Why is this bad

Processors compute in float32 and convert at every operation; small numbers become zero.

## Example

```json
{"trainer": {"precision": "fp16"}}
```

## Use instead

```json
{"trainer": {"precision": "fp32"}}
```
"""
