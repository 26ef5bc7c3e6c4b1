#!/usr/bin/env python
"""One train step for three precisions: fp32, bf16 autocast (no scaler needed), fp16 autocast with a GradScaler."""
import argparse
import warnings

import torch
from torch import nn
from torch.amp import GradScaler, autocast
from torch.optim.lr_scheduler import LambdaLR

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def get_args():
    ap = argparse.ArgumentParser()
    ap.add_argument("--precision", nargs="*", choices=DTYPES, default=list(DTYPES))
    ap.add_argument("--steps", type=int, default=60)
    ap.add_argument("--clip", type=float, default=1.0)
    ap.add_argument("--lr", type=float, default=3e-3)
    return ap.parse_args()


def make_problem(seed=0):
    g = torch.Generator().manual_seed(seed)
    centers = 2.0 * torch.randn(6, 20, generator=g)
    def draw(n):
        y = torch.randint(6, (n,), generator=g)
        return centers[y] + 1.5 * torch.randn(n, 20, generator=g), y
    return draw(960), draw(400)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.head = nn.Linear(64, 6)

    def forward(self, x):
        return self.head(self.body(x))


def train(precision, args):
    torch.manual_seed(0)
    (x, y), (xt, yt) = make_problem()
    model = Net()                                   # weights stay in float32; autocast casts copies
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr)
    sched = LambdaLR(opt, lambda s: min(1.0, (s + 1) / 10) * (1 - s / args.steps))
    low = precision != "fp32"
    scaler = GradScaler("cpu", enabled=precision == "fp16", init_scale=2.0 ** 10)
    skipped = 0
    order = torch.Generator().manual_seed(1)
    for step in range(args.steps):
        rows = torch.randint(len(x), (64,), generator=order)
        with autocast("cpu", dtype=DTYPES[precision] if low else torch.bfloat16, enabled=low):
            out = model(x[rows])
            loss = nn.functional.cross_entropy(out.float(), y[rows])     # the loss in full precision
        opt.zero_grad()
        scaler.scale(loss).backward()               # all scaler calls are the identity when it is disabled
        scaler.unscale_(opt)
        norm = nn.utils.clip_grad_norm_(model.parameters(), args.clip)   # after unscale_: true gradients
        scaler.step(opt)
        before = scaler.get_scale()
        scaler.update()
        if scaler.get_scale() < before:             # the step was skipped, so the schedule waits
            skipped += 1
        else:
            sched.step()
    assert all(p.dtype == torch.float32 for p in model.parameters())
    model.eval()
    with torch.no_grad(), autocast("cpu", dtype=DTYPES[precision] if low else torch.bfloat16, enabled=low):
        pred = model(xt)
    acc = (pred.float().argmax(-1) == yt).float().mean().item()
    return loss.item(), norm.item(), acc, skipped


def main():
    args = get_args()
    results = {}
    for precision in args.precision:
        loss, norm, acc, skipped = train(precision, args)
        results[precision] = acc
        print(f"{precision}: last loss {loss:.4f}, grad norm {norm:.3f}, test acc {acc:.3f}, skipped steps {skipped}")
    spread = max(results.values()) - min(results.values())
    if spread > 0.05:
        warnings.warn(f"precisions differ by {spread:.3f}")


if __name__ == "__main__":
    main()
