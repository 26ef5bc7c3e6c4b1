import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Block(nn.Module):
    """ReZero block: x + alpha * f(x) with alpha starting at 0."""

    def __init__(self, width):
        super().__init__()
        self.lin1 = nn.Linear(width, 2 * width)
        self.lin2 = nn.Linear(2 * width, width)
        self.alpha = nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return x + self.alpha * self.lin2(F.gelu(self.lin1(x)))


class ResMLP(nn.Module):
    def __init__(self, d_in, width, depth, n_class):
        super().__init__()
        self.embed = nn.Linear(d_in, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_class)

    def forward(self, x):
        x = self.embed(x)
        for blk in self.blocks:
            x = blk(x)
        return self.head(self.norm(x))


def make_optimizer(model, lr, wd):
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [dict(params=matrices, weight_decay=wd), dict(params=others, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=lr)


def checkerboard(n):
    x = 3 * torch.rand(n, 2)
    return x - 1.5, (x.floor().sum(1) % 2).long()


def main():
    torch.manual_seed(12)
    loader = DataLoader(TensorDataset(*checkerboard(1600)), batch_size=64, shuffle=True)
    model = ResMLP(2, 32, 4, 2)
    opt = make_optimizer(model, lr=5e-3, wd=0.01)
    for epoch in range(14):
        model.train()
        total = 0.0
        for x, y in loader:
            opt.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
        print(f"epoch {epoch:2d} loss {total / len(loader.dataset):.4f}")
    model.eval()
    with torch.no_grad():
        x, y = checkerboard(500)
        print("accuracy on fresh points", (model(x).argmax(1) == y).float().mean().item())


main()
