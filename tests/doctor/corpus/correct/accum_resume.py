"""bf16 autocast, accumulation with a short last group, activation checkpointing, full checkpoint and exact resume."""
import argparse
import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return x + self.drop(self.down(F.gelu(self.up(self.norm(x)))))


class Net(nn.Module):
    def __init__(self, d=48, depth=3, remat=True):
        super().__init__()
        self.remat = remat
        self.stem = nn.Linear(64, d)
        self.blocks = nn.ModuleList([Block(d) for _ in range(depth)])
        self.head = nn.Linear(d, 10)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if self.remat and self.training else block(x)
        return self.head(x)


def group(seq, k):
    for i in range(0, len(seq), k):
        yield seq[i:i + k]


def train_epoch(model, opt, sched, X, y, micro, accum):
    model.train()
    total = 0.0
    for batches in group(torch.randperm(len(X)).split(micro), accum):
        n = sum(len(b) for b in batches)          # the last group is smaller, and so are its parts
        opt.zero_grad(set_to_none=True)
        for b in batches:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(X[b])
            loss = F.cross_entropy(logits.float(), y[b], reduction="sum") / n
            loss.backward()
            total += loss.item() * n
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
    return total / len(X)


@torch.inference_mode()
def evaluate(model, X, y):
    model.eval()
    return (model(X).argmax(1) == y).float().mean().item()


def build(steps):
    model = Net()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=3e-3, total_steps=steps)
    return model, opt, sched


def save(path, model, opt, sched, epoch):
    state = {"model": model.state_dict(), "opt": opt.state_dict(), "sched": sched.state_dict(),
             "epoch": epoch, "rng": torch.get_rng_state()}
    tmp = path + ".tmp"
    torch.save(state, tmp)
    os.replace(tmp, path)


def load(path, model, opt, sched):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    opt.load_state_dict(state["opt"])
    sched.load_state_dict(state["sched"])
    torch.set_rng_state(state["rng"])
    return state["epoch"] + 1


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=4)
    ap.add_argument("--micro", type=int, default=32)
    ap.add_argument("--accum", type=int, default=3)
    args = ap.parse_args()
    torch.manual_seed(40)
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
    order = torch.randperm(len(X))
    tr, te = order[:1300], order[1300:]
    micro_batches = -(-len(tr) // args.micro)
    steps = args.epochs * -(-micro_batches // args.accum)

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "last.pt")
        model, opt, sched = build(steps)
        for epoch in range(args.epochs):
            loss = train_epoch(model, opt, sched, X[tr], y[tr], args.micro, args.accum)
            print(f"epoch {epoch} loss {loss:.4f} lr {sched.get_last_lr()[0]:.2e}")
            if epoch == 1:
                save(path, model, opt, sched, epoch)
        full = {k: v.clone() for k, v in model.state_dict().items()}

        # as if the run had been stopped after epoch 1
        model2, opt2, sched2 = build(steps)
        start = load(path, model2, opt2, sched2)
        for epoch in range(start, args.epochs):
            train_epoch(model2, opt2, sched2, X[tr], y[tr], args.micro, args.accum)
        gap = max((full[k] - v).abs().max().item() for k, v in model2.state_dict().items())
    print(f"test acc {evaluate(model, X[te], y[te]):.3f}; resumed run differs by at most {gap:.1e}")


if __name__ == "__main__":
    main()
