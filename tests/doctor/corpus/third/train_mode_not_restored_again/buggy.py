import argparse
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--p", type=float, default=0.4)
args = parser.parse_args()


def make_blobs(n, centers, gen):
    which = torch.randint(0, len(centers), (n,), generator=gen)
    return centers[which] + 1.6 * torch.randn(n, centers.size(1), generator=gen), which


gen = torch.Generator().manual_seed(3)
centers = 1.2 * torch.randn(6, 20, generator=gen)
train_dl = DataLoader(TensorDataset(*make_blobs(360, centers, gen)), batch_size=24, shuffle=True)
val_dl = DataLoader(TensorDataset(*make_blobs(600, centers, gen)), batch_size=200)


class Classifier(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(20, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(p),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(p),
        )
        self.head = nn.Linear(width, 6)

    def forward(self, x):
        return self.head(self.body(x))


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return hits / len(loader.dataset)


model = Classifier(args.width, args.p)
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)

model.train()
for epoch in range(args.epochs):
    for x, y in train_dl:
        opt.zero_grad()
        loss_fn(model(x), y).backward()
        opt.step()
    print(f"epoch {epoch:2d}  val acc {accuracy(model, val_dl):.3f}")
