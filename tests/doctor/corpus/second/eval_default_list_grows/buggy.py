import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def make_set(n=900):
    x = torch.rand(n, 4) * 4 - 2
    y = ((x[:, 0] * x[:, 1] > 0) ^ (x[:, 2] > 0.5)).float()
    return TensorDataset(x, y)


def collect(model, loader, outputs=[], truths=[]):
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            outputs.append(model(x))
            truths.append(y)
    return torch.cat(outputs), torch.cat(truths)


def report(model, loader):
    out, true = collect(model, loader)
    acc = ((out > 0) == (true > 0.5)).float().mean()
    nll = nn.functional.binary_cross_entropy_with_logits(out, true)
    return acc.item(), nll.item()


class Gate(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.a = nn.Linear(d, h)
        self.b = nn.Linear(d, h)
        self.norm = nn.LayerNorm(h)
        self.out = nn.Linear(h, 1)

    def forward(self, x):
        return self.out(self.norm(self.a(x) * torch.sigmoid(self.b(x)))).squeeze(-1)


torch.manual_seed(13)
train_set, val_set = random_split(make_set(), [700, 200], generator=torch.Generator().manual_seed(0))
train_loader = DataLoader(train_set, 35, shuffle=True)
val_loader = DataLoader(val_set, 100)
model = Gate(4, 32)
opt = torch.optim.AdamW(model.parameters(), lr=4e-3)
loss_fn = nn.BCEWithLogitsLoss()

for epoch in range(15):
    model.train()
    for x, y in train_loader:
        loss = loss_fn(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    acc, nll = report(model, val_loader)
    print(f"[{epoch:02d}] val acc {acc:.3f}  val nll {nll:.3f}")
