"""Assignment 4, transfer learning: pretrain on 24 classes, then fit a new head on 24 target samples."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
mix = torch.randn(5, 20)


def sample(n, centers, noise=0.4):
    y = torch.randint(0, len(centers), (n,))
    latent = centers[y] + noise * torch.randn(n, centers.shape[1])
    return torch.tanh(latent @ mix) + 0.05 * torch.randn(n, 20), y


class Net(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Linear(20, 64), nn.ReLU(),
            nn.Linear(64, 32), nn.ReLU(),
        )
        self.head = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def fit(model, loader, optimizer, epochs):
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
    return loss.item()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def freeze(module):
    for param in module.parameters():
        param.requires_grad = False


# source task
source_centers = torch.randn(24, 5)
xs, ys = sample(3000, source_centers)
model = Net(24)
fit(model, DataLoader(TensorDataset(xs, ys), batch_size=50, shuffle=True),
    torch.optim.Adam(model.parameters(), lr=3e-3), epochs=8)
print("source accuracy", accuracy(model, *sample(500, source_centers)))

# target task: linear probe on the pretrained features
freeze(model.backbone)
model.head = nn.Linear(32, 4)
target_centers = torch.randn(4, 5)
xt, yt = sample(24, target_centers)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
final = fit(model, DataLoader(TensorDataset(xt, yt), batch_size=8, shuffle=True), optimizer, epochs=30)
print("loss of the last target batch", final)
print("target test accuracy", accuracy(model, *sample(500, target_centers)))
