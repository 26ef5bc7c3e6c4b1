import torch
import torch.nn as nn
import torch.nn.functional as F


class FocalLoss(nn.Module):
    """Focal loss for multi-class problems (Lin et al. 2017)."""

    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        ce = F.cross_entropy(logits, target, reduction="none")
        pt = torch.exp(-ce)
        return ((1.0 - pt) ** self.gamma * ce).mean()


class Trainer:
    def __init__(self, model, criterion, lr):
        self.model, self.criterion = model, criterion
        self.opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)

    def fit(self, x, y, epochs, batch):
        for _ in range(epochs):
            self.model.train()
            for idx in torch.randperm(len(x)).split(batch):
                self.opt.zero_grad()
                self.criterion(self.model(x[idx]), y[idx]).backward()
                self.opt.step()

    @torch.no_grad()
    def class_recall(self, x, y, k):
        self.model.eval()
        pred = self.model(x).argmax(1)
        return [round((pred[y == c] == c).float().mean().item(), 3) for c in range(k)]


def long_tail(n_per_class, g):
    mu = torch.tensor([[0.0, 0.0], [1.8, 0.4], [0.6, 1.9]])
    xs = [mu[c] + 0.8 * torch.randn(n, 2, generator=g) for c, n in enumerate(n_per_class)]
    ys = [torch.full((n,), c) for c, n in enumerate(n_per_class)]
    return torch.cat(xs), torch.cat(ys)


if __name__ == "__main__":
    torch.manual_seed(11)
    gen = torch.Generator().manual_seed(11)
    x_train, y_train = long_tail([900, 150, 50], gen)
    x_val, y_val = long_tail([200, 200, 200], gen)
    net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 3))
    trainer = Trainer(net, FocalLoss(gamma=2.0), lr=0.05)
    trainer.fit(x_train, y_train, epochs=15, batch=50)
    print("recall per class", trainer.class_recall(x_val, y_val, 3))
