import argparse
from contextlib import nullcontext

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

ap = argparse.ArgumentParser()
ap.add_argument("--epochs", type=int, default=4)
ap.add_argument("--accum", type=int, default=2)
ap.add_argument("--amp", choices=["bf16", "fp16", "off"], default="bf16")
ap.add_argument("--clip", type=float, default=1.0)
args = ap.parse_args()

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
if args.amp == "off":
    autocast = nullcontext
else:
    dtype = torch.bfloat16 if args.amp == "bf16" else torch.float16
    autocast = lambda: torch.autocast(device.type, dtype=dtype)
# bf16 has the range of float32, so loss scaling is for fp16 on a GPU only; disabled, every call passes through
scaler = torch.amp.GradScaler(device.type, enabled=args.amp == "fp16" and device.type == "cuda")

W = torch.randn(16, 1)
x = torch.randn(1300, 16)
y = torch.tanh(x @ W / 2) + 0.1 * torch.randn(1300, 1)
train = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=32, shuffle=True)
val = DataLoader(TensorDataset(x[1000:], y[1000:]), batch_size=300)

net = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.LayerNorm(64), nn.Linear(64, 1)).to(device)
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
mse = nn.MSELoss()

for epoch in range(args.epochs):
    net.train()
    opt.zero_grad(set_to_none=True)
    n_batches = len(train)
    for i, (xb, yb) in enumerate(train):
        xb, yb = xb.to(device, non_blocking=True), yb.to(device, non_blocking=True)
        # the last window of the epoch may hold fewer micro-batches
        window = min(args.accum, n_batches - i // args.accum * args.accum)
        with autocast():
            out = net(xb)
        loss = mse(out.float(), yb) / window
        scaler.scale(loss).backward()
        if (i + 1) % args.accum == 0 or i + 1 == n_batches:
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(net.parameters(), args.clip)
            scaler.step(opt)
            scaler.update()
            opt.zero_grad(set_to_none=True)

    net.eval()
    sq = cnt = 0
    with torch.no_grad(), autocast():
        for xb, yb in val:
            out = net(xb.to(device)).float()
            sq += (out - yb.to(device)).square().sum().item()
            cnt += yb.numel()
    print(f"epoch {epoch} val mse {sq / cnt:.4f}")
