import torch
from torch import nn, Tensor
from typing import Dict


class MultiTask(nn.Module):
    def __init__(self, in_dim: int, tasks: Dict[str, int]):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(in_dim, 40), nn.ReLU())
        self.heads = nn.ModuleDict({name: nn.Linear(40, n) for name, n in tasks.items()})

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        h = self.trunk(x)
        return {name: head(h) for name, head in self.heads.items()}


torch.manual_seed(18)
x = torch.randn(500, 8)
targets = {"sign": (x[:, 0] > 0).long(), "arg": x[:, 1:5].argmax(1)}
model = MultiTask(8, {"sign": 2, "arg": 4})
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)

for epoch in range(5):
    model.train()
    for idx in torch.randperm(500).split(50):
        out = model(x[idx])
        loss = sum(nn.functional.cross_entropy(out[k], targets[k][idx]) for k in out)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
