import torch
from torch import nn


class Dense(nn.Module):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight + self.bias


class Mlp(nn.Module):
    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Dense(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


torch.manual_seed(24)
x = torch.randn(500, 100)
y = x[:, :10].argmax(1)
mlp = Mlp([100, 128, 128, 10])
opt = torch.optim.SGD(mlp.parameters(), lr=0.01)
for epoch in range(5):
    mlp.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(mlp(x[i]), y[i])
        loss.backward()
        opt.step()
    mlp.eval()
    with torch.no_grad():
        val = nn.functional.cross_entropy(mlp(x[400:]), y[400:])
    print(epoch, loss.item(), val.item())
