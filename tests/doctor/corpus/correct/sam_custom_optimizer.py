import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SAM(torch.optim.Optimizer):
    """Sharpness-aware minimisation around any optimizer (Foret et al. 2021)."""

    def __init__(self, params, base, rho=0.05, **kwargs):
        super().__init__(params, dict(rho=rho, **kwargs))
        self.base = base(self.param_groups, **kwargs)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def first_step(self):
        norm = torch.stack([p.grad.norm() for g in self.param_groups for p in g["params"] if p.grad is not None]).norm()
        for group in self.param_groups:
            scale = group["rho"] / (norm + 1e-12)
            for p in group["params"]:
                if p.grad is None:
                    continue
                e = p.grad * scale
                p.add_(e)
                self.state[p]["e"] = e
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.sub_(self.state[p]["e"])
        self.base.step()
        self.zero_grad()

    def step(self, closure=None):
        closure = torch.enable_grad()(closure)
        self.first_step()
        closure()
        self.second_step()


def set_bn_momentum(model, on):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm1d):
            if on:
                m.momentum = m.saved
            else:
                m.saved, m.momentum = m.momentum, 0.0


torch.manual_seed(0)
x = torch.randn(500, 10)
y = (x[:, :3].sum(1) > 0).long()
flip = torch.rand(400) < 0.1
y_noisy = y[:400].clone()
y_noisy[flip] = 1 - y_noisy[flip]
loader = DataLoader(TensorDataset(x[:400], y_noisy), batch_size=50, shuffle=True)
model = nn.Sequential(nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))
optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.05, lr=0.1, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(4):
    model.train()
    for xb, yb in loader:
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.first_step()
        set_bn_momentum(model, on=False)
        criterion(model(xb), yb).backward()
        optimizer.second_step()
        set_bn_momentum(model, on=True)
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[400:]).argmax(1) == y[400:]).float().mean().item())
