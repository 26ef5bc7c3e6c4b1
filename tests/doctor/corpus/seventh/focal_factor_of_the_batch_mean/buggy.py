import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class FocalLoss(nn.Module):
    """Lin et al. 2017, for several classes: alpha_t * (1 - p_t)^gamma * CE."""

    def __init__(self, gamma=2.0, alpha=None):
        super().__init__()
        self.gamma = gamma
        self.register_buffer("alpha", alpha)

    def forward(self, logits, target):
        ce = F.cross_entropy(logits, target)
        p_t = torch.exp(-ce)
        loss = (1 - p_t) ** self.gamma * ce
        if self.alpha is not None:
            loss = self.alpha[target] * loss
        return loss.mean()


class Net(nn.Module):
    def __init__(self, n_in, n_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, 48), nn.BatchNorm1d(48), nn.ReLU(),
                                  nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU())
        self.head = nn.Linear(48, n_classes)

    def forward(self, x):
        return self.head(self.body(x))


def sample(n, gen):
    """Three kinds of flaw in very different numbers; the classes overlap."""
    y = torch.multinomial(torch.tensor([0.86, 0.10, 0.04]), n, replacement=True, generator=gen)
    centre = torch.tensor([[0.0, 0.0], [1.6, 0.4], [0.2, 1.9]])
    xy = centre[y] + 0.7 * torch.randn(n, 2, generator=gen)
    noise = torch.randn(n, 6, generator=gen)
    return torch.cat([xy, xy[:, :1] * xy[:, 1:], noise], dim=1), y


def recalls(model, loader, n_classes):
    model.eval()
    found, present = torch.zeros(n_classes), torch.zeros(n_classes)
    with torch.no_grad():
        for x, y in loader:
            right = model(x).argmax(1) == y
            found += torch.bincount(y[right], minlength=n_classes)
            present += torch.bincount(y, minlength=n_classes)
    return found / present


def main():
    torch.manual_seed(6)
    gen = torch.Generator().manual_seed(60)
    x_train, y_train = sample(3000, gen)
    x_test, y_test = sample(1500, gen)
    mean, std = x_train.mean(0), x_train.std(0)
    train_loader = DataLoader(TensorDataset((x_train - mean) / std, y_train), batch_size=100, shuffle=True)
    test_loader = DataLoader(TensorDataset((x_test - mean) / std, y_test), batch_size=500)

    counts = torch.bincount(y_train, minlength=3).float()
    alpha = counts.rsqrt() / counts.rsqrt().mean()
    model, criterion = Net(9, 3), FocalLoss(gamma=2.0, alpha=alpha)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for epoch in range(8):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        r = recalls(model, test_loader, 3)
        print(f"epoch {epoch}: recall {[round(v, 3) for v in r.tolist()]} balanced {r.mean().item():.3f}")


main()
