import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CFG = {
    "micro_batch": 8,
    "accumulate": 8,
    "epochs": 5,
    "lr": 4e-3,
    "clip": 1.0,
    "seed": 21,
}


class GatedBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.up = nn.Linear(d, 2 * d)
        self.down = nn.Linear(d, d)

    def forward(self, x):
        a, b = self.up(self.norm(x)).chunk(2, dim=-1)
        return x + self.down(a * torch.sigmoid(b))


class Net(nn.Module):
    def __init__(self, n_in, d, n_out, depth=2):
        super().__init__()
        self.stem = nn.Linear(n_in, d)
        self.blocks = nn.ModuleList(GatedBlock(d) for _ in range(depth))
        self.out = nn.Linear(d, n_out)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.out(x)


def build_loaders(cfg):
    x = torch.randn(1536, 10)
    logits = torch.stack([x[:, 0] * x[:, 1], x[:, 2] - x[:, 3], x[:, 4] + 0.5 * x[:, 5]], dim=1)
    y = (logits + 0.3 * torch.randn_like(logits)).argmax(dim=1)
    train = TensorDataset(x[:1024], y[:1024])
    test = TensorDataset(x[1024:], y[1024:])
    return DataLoader(train, cfg["micro_batch"], shuffle=True), DataLoader(test, 256)


def train_epoch(model, loader, optimizer, cfg):
    model.train()
    group = cfg["accumulate"]
    assert len(loader) % group == 0  # every group is full
    running = 0.0
    for i, (x, y) in enumerate(loader, start=1):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        (loss / group).backward()
        running += loss.item()
        if i % group == 0:
            nn.utils.clip_grad_norm_(model.parameters(), cfg["clip"])
            optimizer.step()
    return running / len(loader)


@torch.no_grad()
def test_epoch(model, loader):
    model.eval()
    nll, hits, n = 0.0, 0, 0
    for x, y in loader:
        out = model(x)
        nll += nn.functional.cross_entropy(out, y, reduction="sum").item()
        hits += int((out.argmax(1) == y).sum())
        n += len(y)
    return nll / n, hits / n


torch.manual_seed(CFG["seed"])
train_loader, test_loader = build_loaders(CFG)
model = Net(10, 32, 3)
optimizer = torch.optim.AdamW(model.parameters(), lr=CFG["lr"], weight_decay=0.01)
for epoch in range(CFG["epochs"]):
    tr = train_epoch(model, train_loader, optimizer, CFG)
    nll, acc = test_epoch(model, test_loader)
    print(f"epoch {epoch} train {tr:.3f} test {nll:.3f} acc {acc:.3f}")
