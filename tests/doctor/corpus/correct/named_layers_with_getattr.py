import torch
from torch import nn


class Stack(nn.Module):
    def __init__(self, d, depth):
        super().__init__()
        self.depth = depth
        self.sizes = [d] * (depth + 1)
        self.names = []
        for k in range(depth):
            setattr(self, f"fc{k}", nn.Linear(self.sizes[k], self.sizes[k + 1]))
            self.names.append(f"fc{k}")
        self.add_module("last", nn.Linear(d, 1))
        self.gates = nn.ParameterList([nn.Parameter(torch.zeros(1)) for _ in range(depth)])

    def forward(self, x):
        for name, g in zip(self.names, self.gates):
            x = x + torch.sigmoid(g) * torch.relu(getattr(self, name)(x))
        return self.last(x)


torch.manual_seed(52)
x = torch.randn(300, 6)
y = x.prod(1, keepdim=True)
net = Stack(6, 3)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(300).split(30):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
