from typing import Dict

import torch
import torch.nn as nn
import torch.nn.functional as F

HEADS: Dict[str, int] = {"color": 4, "size": 3, "material": 5}
WEIGHTS: Dict[str, float] = {"color": 1.0, "size": 1.0, "material": 0.5}


class MultiHead(nn.Module):
    def __init__(self, d_in: int, d_hidden: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU())
        self.heads = nn.ModuleDict({name: nn.Linear(d_hidden, k) for name, k in HEADS.items()})

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        h = self.trunk(x)
        return {name: head(h) for name, head in self.heads.items()}


def multi_task_loss(out: Dict[str, torch.Tensor], y: Dict[str, torch.Tensor]) -> torch.Tensor:
    loss = torch.zeros(())
    for name, logits in out.items():
        loss = WEIGHTS[name] * F.cross_entropy(logits, y[name])
    return loss


def synth(n: int) -> tuple:
    x = torch.randn(n, 12)
    return x, {"color": x[:, :4].argmax(1), "size": x[:, 4:7].argmax(1), "material": x[:, 7:12].argmax(1)}


torch.manual_seed(23)
x, y = synth(1500)
vx, vy = synth(400)
model = MultiHead(12, 64)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    for idx in torch.randperm(len(x)).split(50):
        opt.zero_grad()
        loss = multi_task_loss(model(x[idx]), {k: v[idx] for k, v in y.items()})
        loss.backward()
        opt.step()
model.eval()
with torch.no_grad():
    for name, logits in model(vx).items():
        print(name, (logits.argmax(1) == vy[name]).float().mean().item())
