import math
import os

import torch
import torch.nn as nn

TOTAL_STEPS = 120
WARMUP = 15
CKPT = "last.ckpt"


def lr_at(step):
    if step < WARMUP:
        return (step + 1) / WARMUP
    t = (step - WARMUP) / (TOTAL_STEPS - WARMUP)
    return 0.5 * (1 + math.cos(math.pi * min(t, 1.0)))


def save(path, step, model, optimizer, scheduler):
    torch.save({
        "step": step,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }, path)


def load(path, model, optimizer, scheduler):
    ckpt = torch.load(path)
    model.load_state_dict(ckpt["model"])
    optimizer.load_state_dict(ckpt["optimizer"])
    return ckpt["step"]


def train(data, until):
    x, y = data
    model = nn.Sequential(nn.Linear(5, 32), nn.SiLU(), nn.Linear(32, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_at)
    start = load(CKPT, model, optimizer, scheduler) if os.path.exists(CKPT) else 0
    print(f"training from step {start} to {until}")
    model.train()
    for step in range(start, until):
        idx = torch.randint(len(x), (64,))
        loss = nn.functional.mse_loss(model(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if (step + 1) % 20 == 0:
            print(f"step {step + 1:4d} loss {loss.item():.4f} lr {optimizer.param_groups[0]['lr']:.5f}")
    save(CKPT, until, model, optimizer, scheduler)


if __name__ == "__main__":
    torch.manual_seed(0)
    inputs = torch.randn(1000, 5)
    data = inputs, torch.sin(inputs[:, :1]) + 0.5 * inputs[:, 1:2] * inputs[:, 2:3]
    if os.path.exists(CKPT):
        os.remove(CKPT)
    train(data, until=60)             # the job hits its time limit here
    train(data, until=TOTAL_STEPS)    # and is continued by the next one
    os.remove(CKPT)
