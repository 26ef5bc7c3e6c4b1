import torch
import torch.nn as nn


class MultiTask(nn.Module):
    def __init__(self, d_in, tasks):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(d_in, 40), nn.ReLU())
        self.heads = nn.ModuleDict({name: nn.Linear(40, k) for name, k in tasks.items()})

    def forward(self, x):
        h = self.shared(x)
        return {name: head(h) for name, head in self.heads.items()}


LOSSES = {"kind": nn.CrossEntropyLoss(), "size": nn.MSELoss()}
WEIGHTS = {"kind": 1.0, "size": 0.5}


def total_loss(outputs, targets):
    return sum(WEIGHTS[k] * LOSSES[k](outputs[k], targets[k]) for k in outputs)


def make_data(n):
    x = torch.randn(n, 12)
    return x, {"kind": x[:, :4].argmax(1), "size": x[:, 4:6].sum(1, keepdim=True) + 3.0}


torch.manual_seed(57)
x, targets = make_data(600)
x_val, val_targets = make_data(300)
model = MultiTask(12, {"kind": 4, "size": 1})
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(600).split(50):
        optimizer.zero_grad()
        loss = total_loss(model(x[idx]), {k: v[idx] for k, v in targets.items()})
        loss.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    out = model(x_val)
    print("kind acc", (out["kind"].argmax(1) == val_targets["kind"]).float().mean().item(),
          "size mse", LOSSES["size"](out["size"], val_targets["size"]).item())
