import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Houses(Dataset):
    """Features -> {'price': regression, 'kind': 3 classes, 'sold': binary}"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 10, generator=g)
        self.price = self.x[:, :4].sum(1) / 2 + 0.1 * torch.randn(n, generator=g)
        self.kind = self.x[:, 3:6].argmax(1)
        self.sold = (self.x[:, 6] * self.x[:, 7] > 0).float()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], {"price": self.price[i], "kind": self.kind[i], "sold": self.sold[i]}


class MultiHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.heads = nn.ModuleDict({"price": nn.Linear(48, 1), "kind": nn.Linear(48, 3), "sold": nn.Linear(48, 1)})

    def forward(self, x):
        h = self.trunk(x)
        out = {name: head(h) for name, head in self.heads.items()}
        return {k: v.squeeze(1) if v.size(1) == 1 else v for k, v in out.items()}


class UncertaintyWeighting(nn.Module):
    """Kendall et al.: exp(-s_i) * L_i + s_i, with one learned s_i per task."""

    LOSSES = {"price": nn.MSELoss(), "kind": nn.CrossEntropyLoss(), "sold": nn.BCEWithLogitsLoss()}

    def __init__(self):
        super().__init__()
        self.s = nn.ParameterDict({k: nn.Parameter(torch.zeros(())) for k in self.LOSSES})

    def forward(self, out, target):
        total = out["price"].new_zeros(())
        for name, fn in self.LOSSES.items():
            value = fn(out[name], target[name])
            total = total + torch.exp(-self.s[name]) * value + self.s[name]
        return total


class Runner:
    def __init__(self, lr=4e-3):
        self.model, self.criterion = MultiHead(), UncertaintyWeighting()
        self.opt = torch.optim.Adam([
            {"params": self.model.parameters()},
            {"params": self.criterion.parameters(), "lr": lr},
        ], lr=lr)

    def fit(self, loader, epochs):
        for _ in range(epochs):
            self.model.train()
            for x, t in loader:
                loss = self.criterion(self.model(x), t)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()

    @torch.no_grad()
    def report(self, ds):
        self.model.eval()
        out = self.model(ds.x)
        return {
            "price_mse": nn.functional.mse_loss(out["price"], ds.price).item(),
            "kind_acc": (out["kind"].argmax(1) == ds.kind).float().mean().item(),
            "sold_acc": ((out["sold"] > 0) == ds.sold.bool()).float().mean().item(),
        }


torch.manual_seed(3)
runner = Runner()
runner.fit(DataLoader(Houses(1000, 0), batch_size=50, shuffle=True), epochs=10)
print({k: round(v, 3) for k, v in runner.report(Houses(300, 1)).items()})
