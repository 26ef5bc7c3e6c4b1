import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(12)


class PairsDataset(Dataset):
    def __init__(self, codes):
        self.a, self.b = codes // 40, codes % 40
        self.r = ((self.a - self.b).abs() < 10).long()

    def __len__(self):
        return self.r.shape[0]

    def __getitem__(self, k):
        return {"left": self.a[k], "right": self.b[k], "target": self.r[k]}


class PairNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Embedding(40, 12)
        self.right = nn.Embedding(40, 12)
        self.mlp = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, batch):
        z = torch.cat([self.left(batch["left"]), self.right(batch["right"])], dim=1)
        return self.mlp(z)


def run_epoch(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train(training)
    sums = {"loss": 0.0, "hits": 0}
    with torch.set_grad_enabled(training):
        for batch in loader:
            out = model(batch)
            loss = criterion(out, batch["target"])
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            sums["loss"] += loss.item()
            sums["hits"] += (out.argmax(1) == batch["target"]).sum().item()
    n = len(loader.dataset)
    return {k: v / n for k, v in sums.items()}


codes = torch.randperm(40 * 40)
loaders = {
    "train": DataLoader(PairsDataset(codes[:1300]), batch_size=32, shuffle=True),
    "valid": DataLoader(PairsDataset(codes[1300:]), batch_size=64),
}
model = PairNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
history = []
for epoch in range(12):
    tr = run_epoch(model, loaders["train"], criterion, optimizer)
    va = run_epoch(model, loaders["valid"], criterion)
    history.append((tr["loss"], va["loss"]))
    print(f"{epoch}  train {tr['loss']:.4f} / {tr['hits']:.3f}   valid {va['loss']:.4f} / {va['hits']:.3f}")
