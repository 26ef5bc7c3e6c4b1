import torch
from torch import nn
import torch.nn.functional as F


class GatedBlock(nn.Module):
    """x * sigmoid(gate(x)), then a projection"""

    def __init__(self, dim, out):
        super().__init__()
        self.gate = nn.Linear(dim, dim)
        self.proj = nn.Linear(dim, out)

    def forward(self, x):
        return self.proj(x * torch.sigmoid(self.gate(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1 = GatedBlock(10, 32)
        self.block2 = GatedBlock(32, 1)

    def forward(self, x):
        return self.block2(F.relu(self.block1(x)))


def main():
    torch.manual_seed(14)
    x = torch.randn(700, 10)
    y = (x[:, :1] * torch.sigmoid(3 * x[:, 1:2])) - x[:, 2:3].clamp(min=0)
    x_train, y_train, x_val, y_val = x[:560], y[:560], x[560:], y[560:]

    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(20):
        net.train()
        for idx in torch.randperm(560).split(56):
            optimizer.zero_grad()
            loss = F.mse_loss(net(x_train[idx]), y_train[idx])
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4:
            net.eval()
            with torch.no_grad():
                print(f"epoch {epoch + 1} val {F.mse_loss(net(x_val), y_val).item():.4f}")


main()
