import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class SAM(torch.optim.Optimizer):
    """Sharpness-aware minimisation around any base optimiser."""

    def __init__(self, params, base, rho=0.05, **kwargs):
        super().__init__(params, dict(rho=rho, **kwargs))
        self.base = base(self.param_groups, **kwargs)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def ascend(self):
        norms = [p.grad.norm() for g in self.param_groups for p in g["params"] if p.grad is not None]
        norm = torch.stack(norms).norm()
        for group in self.param_groups:
            scale = group["rho"] / (norm + 1e-12)
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["before"] = p.detach().clone()
                p.add_(p.grad * scale)

    @torch.no_grad()
    def descend(self):
        for group in self.param_groups:
            for p in group["params"]:
                if "before" in self.state[p]:
                    p.copy_(self.state[p].pop("before"))
        self.base.step()

    @torch.no_grad()
    def step(self, closure):
        closure = torch.enable_grad()(closure)
        loss = closure()
        self.ascend()
        closure()
        self.descend()
        return loss


def accuracy(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for xb, yb in loader:
            correct += (model(xb).argmax(dim=1) == yb).sum().item()
    return correct / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(64)
    x = torch.randn(1500, 10)
    y = (x[:, :5].pow(2).sum(1) > x[:, 5:].pow(2).sum(1)).long()
    train_set, val_set = random_split(TensorDataset(x, y), [1200, 300])
    train_loader = DataLoader(train_set, batch_size=60, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=150)

    model = nn.Sequential(
        nn.Linear(10, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 2)
    )
    loss_fn = nn.CrossEntropyLoss()
    optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.05, lr=0.05, momentum=0.9, weight_decay=5e-4)

    for epoch in range(8):
        model.train()
        running = 0.0
        for xb, yb in train_loader:

            def closure():
                optimizer.zero_grad()
                loss = loss_fn(model(xb), yb)
                loss.backward()
                return loss

            running += optimizer.step(closure).item() * len(xb)
        print(f"epoch {epoch} loss {running / len(train_set):.4f} val acc {accuracy(model, val_loader):.3f}")
