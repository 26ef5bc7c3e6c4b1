import math

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR

cfg = {
    "symbols": 8,
    "length": 24,
    "width": 32,
    "batch": 50,
    "epochs": 8,
    "peak": 3e-3,
    "warmup": 40,
    "seed": 101,
}


def strings(n, cfg, gen):
    """Random strings; the label is the symbol that follows the (single) marker 0."""
    s = torch.randint(1, cfg["symbols"], (n, cfg["length"]), generator=gen)
    where = torch.randint(0, cfg["length"] - 1, (n,), generator=gen)
    rows = torch.arange(n)
    s[rows, where] = 0
    return s, s[rows, where + 1]


class Pointer(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.token = nn.Embedding(cfg["symbols"], cfg["width"])
        self.place = nn.Parameter(0.02 * torch.randn(cfg["length"], cfg["width"]))
        self.mix = nn.Conv1d(cfg["width"], cfg["width"], 3, padding=1)
        self.attn = nn.MultiheadAttention(cfg["width"], 4, batch_first=True)
        self.norm = nn.LayerNorm(cfg["width"])
        self.out = nn.Linear(cfg["width"], cfg["symbols"])

    def forward(self, s):
        h = self.token(s) + self.place
        h = h + self.mix(h.transpose(1, 2)).relu().transpose(1, 2)
        mixed, _ = self.attn(h, h, h, need_weights=False)
        return self.out(self.norm(h + mixed).amax(1))


def rate_at(step, cfg, total):
    if step < cfg["warmup"]:
        scale = (step + 1) / cfg["warmup"]
    else:
        progress = (step - cfg["warmup"]) / max(1, total - cfg["warmup"])
        scale = 0.5 * (1.0 + math.cos(math.pi * progress))
    return cfg["peak"] * scale


def main(cfg):
    torch.manual_seed(cfg["seed"])
    gen = torch.Generator().manual_seed(cfg["seed"])
    s, y = strings(2000, cfg, gen)
    s_test, y_test = strings(500, cfg, gen)
    model = Pointer(cfg)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg["peak"], weight_decay=0.01)
    total = cfg["epochs"] * math.ceil(len(s) / cfg["batch"])
    scheduler = LambdaLR(optimizer, lr_lambda=lambda step: rate_at(step, cfg, total))
    criterion = nn.CrossEntropyLoss()
    for epoch in range(cfg["epochs"]):
        model.train()
        running = 0.0
        for idx in torch.randperm(len(s)).split(cfg["batch"]):
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(s[idx]), y[idx])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            running += loss.item() * len(idx)
        print(f"epoch {epoch} loss {running / len(s):.4f}")
    model.eval()
    with torch.no_grad():
        print("test accuracy", (model(s_test).argmax(-1) == y_test).float().mean().item())


main(cfg)
