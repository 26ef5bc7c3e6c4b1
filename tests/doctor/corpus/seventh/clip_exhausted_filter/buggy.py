import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_

torch.manual_seed(2)


# The adding problem: two of the T values are marked, the target is their sum.
def adding(n, T=40):
    values = torch.rand(n, T) * 2 - 1
    marks = torch.zeros(n, T)
    first = torch.randint(0, T // 2, (n, 1))
    second = torch.randint(T // 2, T, (n, 1))
    marks.scatter_(1, first, 1.0).scatter_(1, second, 1.0)
    target = (values * marks).sum(1)
    return torch.stack([values, marks], dim=-1), target


class Adder(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lift = nn.Linear(2, 16)          # a fixed random projection
        self.lift.requires_grad_(False)
        self.cell = nn.RNN(16, hidden, nonlinearity="relu", batch_first=True)
        with torch.no_grad():
            self.cell.weight_hh_l0.copy_(torch.eye(hidden))
            self.cell.bias_hh_l0.zero_()
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        states, _ = self.cell(torch.tanh(self.lift(x)))
        return self.out(states[:, -1]).squeeze(-1)


def setup(lr):
    net = Adder()
    trainable = filter(lambda p: p.requires_grad, net.parameters())
    optimizer = torch.optim.Adam(trainable, lr=lr)
    return net, trainable, optimizer


def main():
    net, trainable, optimizer = setup(lr=2e-3)
    criterion = nn.MSELoss()
    x_test, y_test = adding(500)
    window = []
    for step in range(1, 301):
        x, y = adding(64)
        net.train()
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        clip_grad_norm_(trainable, max_norm=1.0)
        optimizer.step()
        window.append(loss.item())
        if step % 100 == 0:
            print(f"{step}: mean loss {sum(window) / len(window):.4f}, worst {max(window):.4f}")
            window.clear()
    net.eval()
    with torch.no_grad():
        print(f"test mse {criterion(net(x_test), y_test).item():.4f} (variance {y_test.var().item():.4f})")


main()
