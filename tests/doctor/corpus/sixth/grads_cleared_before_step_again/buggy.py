"""단열 성능 회귀 실습 - 작은 트레이너 클래스"""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Trainer:
    def __init__(self, model, optimizer, criterion):
        self.model = model
        self.optimizer = optimizer
        self.criterion = criterion
        self.history = []

    def _clear(self):
        for p in self.model.parameters():
            p.grad = None

    def _update(self, loss):
        loss.backward()
        self._clear()
        self.optimizer.step()

    def fit(self, loader, valid, epochs):
        for epoch in range(epochs):
            self.model.train()
            total, n = 0.0, 0
            for xb, yb in loader:
                loss = self.criterion(self.model(xb), yb)
                self._update(loss)
                total += loss.item() * len(xb)
                n += len(xb)
            self.history.append((total / n, self.score(valid)))

    @torch.no_grad()
    def score(self, loader):
        # 검증 손실은 표본 수로 가중 평균
        self.model.eval()
        total, n = 0.0, 0
        for xb, yb in loader:
            total += self.criterion(self.model(xb), yb).item() * len(xb)
            n += len(xb)
        return total / n


def make_data(n=900):
    g = torch.Generator().manual_seed(11)
    x = torch.rand(n, 6, generator=g) * 2 - 1
    y = x[:, :1] * x[:, 1:2] - 0.5 * x[:, 2:3].abs() + 0.05 * torch.randn(n, 1, generator=g)
    return TensorDataset(x, y)


if __name__ == '__main__':
    torch.manual_seed(11)
    tr, va = random_split(make_data(), [700, 200])
    net = nn.Sequential(nn.Linear(6, 48), nn.GELU(), nn.Linear(48, 48), nn.GELU(), nn.Linear(48, 1))
    trainer = Trainer(net, torch.optim.Adam(net.parameters(), lr=3e-3), nn.MSELoss())
    trainer.fit(DataLoader(tr, 50, shuffle=True), DataLoader(va, 100), epochs=12)
    for e, (a, b) in enumerate(trainer.history):
        print(f'{e:02d}  train {a:.4f}  valid {b:.4f}')
