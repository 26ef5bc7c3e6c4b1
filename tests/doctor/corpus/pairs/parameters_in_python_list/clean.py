import torch
import torch.nn as nn


class Prototypes(nn.Module):
    def __init__(self, classes, d_in, d):
        super().__init__()
        self.embed = nn.Linear(d_in, d)
        self.proto = nn.ParameterList([nn.Parameter(torch.randn(d)) for _ in range(classes)])

    def forward(self, x):
        z = self.embed(x)
        return torch.stack([-(z - p).pow(2).sum(1) for p in self.proto], dim=1)


torch.manual_seed(204)
x = torch.randn(400, 7)
y = x[:, :4].argmax(1)
model = Prototypes(4, 7, 5)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for ep in range(5):
    model.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x[i]), y[i])
        loss.backward()
        opt.step()
    print(ep, loss.item())
