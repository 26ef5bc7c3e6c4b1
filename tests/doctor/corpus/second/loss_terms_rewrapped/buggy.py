import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class TwoHeads(nn.Module):
    def __init__(self, d=8):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d, 32), nn.ReLU())
        self.reg = nn.Linear(32, 1)
        self.cls = nn.Linear(32, 3)

    def forward(self, x):
        h = self.trunk(x)
        return self.reg(h).squeeze(1), self.cls(h)


class Uncertainty(nn.Module):
    """Learned weights of the two tasks."""

    def __init__(self, n):
        super().__init__()
        self.log_var = nn.Parameter(torch.zeros(n))

    def forward(self, terms):
        losses = torch.tensor([t.item() for t in terms])
        return (torch.exp(-self.log_var) * losses + self.log_var).sum()


def dataset(n, g):
    x = torch.randn(n, 8, generator=g)
    value = x[:, 0] * 2 + x[:, 1] ** 2
    kind = (x[:, 2] > -0.4).long() + (x[:, 2] + x[:, 3] > 0.6).long()
    return TensorDataset(x, value, kind)


def test(model, ds):
    model.eval()
    with torch.no_grad():
        x, v, k = ds.tensors
        pv, pk = model(x)
        return nn.functional.mse_loss(pv, v).item(), (pk.argmax(1) == k).float().mean().item()


def main():
    torch.manual_seed(44)
    g = torch.Generator().manual_seed(44)
    train_set, test_set = dataset(800, g), dataset(300, g)
    model, combine = TwoHeads(), Uncertainty(2)
    opt = torch.optim.Adam([{"params": model.parameters()}, {"params": combine.parameters(), "lr": 1e-2}], lr=3e-3)
    mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()
    for epoch in range(15):
        model.train()
        for x, v, k in DataLoader(train_set, batch_size=40, shuffle=True):
            pv, pk = model(x)
            total = combine([mse(pv, v), ce(pk, k)])
            opt.zero_grad()
            total.backward()
            opt.step()
    print("mse %.3f, accuracy %.3f" % test(model, test_set))


main()
