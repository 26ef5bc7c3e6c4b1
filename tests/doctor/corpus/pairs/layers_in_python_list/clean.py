import torch
import torch.nn as nn


class DeepNet(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = nn.ModuleList()
        for a, b in zip(sizes[:-2], sizes[1:-1]):
            self.hidden.append(nn.Linear(a, b))
        self.last = nn.Linear(sizes[-2], sizes[-1])

    def forward(self, x):
        for layer in self.hidden:
            x = torch.tanh(layer(x))
        return self.last(x)


def train(net, x, y, lr, steps):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    loss_fn = nn.MSELoss()
    for s in range(steps):
        i = torch.randint(0, len(x), (32,))
        loss = loss_fn(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if (s + 1) % 50 == 0:
            print(s + 1, loss.item())


torch.manual_seed(101)
x = torch.rand(400, 2) * 4 - 2
y = torch.sin(x[:, :1]) * torch.cos(x[:, 1:])
train(DeepNet([2, 32, 32, 32, 1]), x, y, 5e-3, 200)
