import torch
from torch import nn


class Fitter:
    """학습기 (한지민)"""

    def __init__(self, net: nn.Module, lr: float = 1e-2) -> None:
        self.net = net
        self.optimizer = torch.optim.Adagrad(net.parameters(), lr=lr)

    def fit(self, x: torch.Tensor, y: torch.Tensor, epochs: int) -> list[float]:
        losses = []
        for _ in range(epochs):
            self.net.train()
            for i in torch.randperm(len(x)).split(30):
                self.optimizer.zero_grad()
                loss = nn.functional.cross_entropy(self.net(x[i]), y[i])
                loss.backward()
                self.optimizer.step()
            losses.append(loss.item())
        return losses


torch.manual_seed(206)
x = torch.randn(300, 4)
y = (x[:, 0] > x[:, 1]).long()
print(Fitter(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))).fit(x, y, 5))
