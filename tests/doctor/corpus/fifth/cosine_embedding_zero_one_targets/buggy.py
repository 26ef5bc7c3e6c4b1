import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class PairDataset(Dataset):
    """Two descriptors and whether they show the same product."""

    def __init__(self, items, ids, n_pairs, seed):
        g = torch.Generator().manual_seed(seed)
        self.items, self.ids = items, ids
        a = torch.randint(0, len(ids), (n_pairs,), generator=g)
        b = torch.randint(0, len(ids), (n_pairs,), generator=g)
        for k in range(0, n_pairs, 2):
            twins = torch.nonzero((ids == ids[a[k]]) & (torch.arange(len(ids)) != a[k])).flatten()
            b[k] = twins[torch.randint(0, len(twins), (1,), generator=g)]
        self.a, self.b = a, b

    def __len__(self):
        return len(self.a)

    def __getitem__(self, k):
        i, j = self.a[k], self.b[k]
        same = self.ids[i] == self.ids[j]
        return self.items[i], self.items[j], same.float()


torch.manual_seed(27)
proto = torch.randn(10, 30) + 2.0
ids = torch.randint(0, 10, (600,))
items = proto[ids] + 0.5 * torch.randn(600, 30)
train_dl = DataLoader(PairDataset(items[:450], ids[:450], 1500, seed=1), batch_size=50, shuffle=True)
test_dl = DataLoader(PairDataset(items[450:], ids[450:], 400, seed=2), batch_size=100)

embed = nn.Sequential(nn.Linear(30, 48), nn.ReLU(), nn.Linear(48, 16))
criterion = nn.CosineEmbeddingLoss(margin=0.2)
optimizer = torch.optim.Adam(embed.parameters(), lr=2e-3)
for epoch in range(6):
    embed.train()
    for a, b, label in train_dl:
        optimizer.zero_grad()
        loss = criterion(embed(a), embed(b), label)
        loss.backward()
        optimizer.step()

embed.eval()
sims, same = [], []
with torch.no_grad():
    for a, b, label in test_dl:
        sims.append(torch.cosine_similarity(embed(a), embed(b)))
        same.append(label > 0)
sims, same = torch.cat(sims), torch.cat(same)
print("same product:", sims[same].mean().item(), "different:", sims[~same].mean().item())
