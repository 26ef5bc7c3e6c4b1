import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class SignaturePairs(Dataset):
    """Two feature vectors of signatures and whether the same person wrote them."""

    def __init__(self, n, writers, seed):
        g = torch.Generator().manual_seed(seed)
        first = torch.randint(0, len(writers), (n,), generator=g)
        step = torch.randint(1, len(writers), (n,), generator=g)
        self.same = torch.rand(n, generator=g) < 0.5
        second = torch.where(self.same, first, (first + step) % len(writers))
        noise = lambda: 0.6 * torch.randn(n, writers.shape[1], generator=g)
        self.a, self.b = writers[first] + noise(), writers[second] + noise()

    def __len__(self):
        return len(self.same)

    def __getitem__(self, i):
        label = 1.0 if self.same[i] else -1.0
        return self.a[i], self.b[i], torch.tensor(label)


class Siamese(nn.Module):
    def __init__(self, n_in, dim=16):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, a, b):
        return self.f(a), self.f(b)


def evaluate(model, loader, cut=0.5):
    """accuracy and mean similarity of equal / different pairs"""
    model.eval()
    sims, same = [], []
    with torch.no_grad():
        for a, b, label in loader:
            sims.append(torch.cosine_similarity(*model(a, b)))
            same.append(label > 0)
    sims, same = torch.cat(sims), torch.cat(same)
    acc = ((sims > cut) == same).float().mean().item()
    return acc, sims[same].mean().item(), sims[~same].mean().item()


torch.manual_seed(5)
writers = torch.randn(60, 20)
train_dl = DataLoader(SignaturePairs(2000, writers[:40], 1), batch_size=50, shuffle=True)
val_dl = DataLoader(SignaturePairs(500, writers[40:], 2), batch_size=100)

model = Siamese(20)
criterion = nn.CosineEmbeddingLoss(margin=0.2)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    model.train()
    for a, b, label in train_dl:
        ea, eb = model(a, b)
        loss = criterion(ea, eb, label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    acc, equal, different = evaluate(model, val_dl)
    print(f"epoch {epoch}: loss {loss.item():.3f} acc {acc:.3f} sim(same) {equal:.2f} sim(different) {different:.2f}")
