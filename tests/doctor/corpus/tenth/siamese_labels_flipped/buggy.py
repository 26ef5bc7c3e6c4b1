# Siamese network on toy "signatures"
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(4)
WRITERS = 12
PROTO = torch.randn(WRITERS, 10)


class SignaturePairs(Dataset):
    """Two signatures and a label: 1 = same writer, 0 = different writers."""

    def __init__(self, n_pairs):
        a = torch.randint(0, WRITERS, (n_pairs,))
        other = (a + torch.randint(1, WRITERS, (n_pairs,))) % WRITERS
        self.same = (torch.rand(n_pairs) < 0.5).float()
        b = torch.where(self.same == 1, a, other)
        self.x1 = PROTO[a] + 0.5 * torch.randn(n_pairs, 10)
        self.x2 = PROTO[b] + 0.5 * torch.randn(n_pairs, 10)

    def __len__(self):
        return len(self.same)

    def __getitem__(self, i):
        return self.x1[i], self.x2[i], self.same[i]


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 8))

    def forward(self, x):
        return self.net(x)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, e1, e2, label):
        d = F.pairwise_distance(e1, e2)
        loss = (1 - label) * d ** 2 + label * F.relu(self.margin - d) ** 2
        return 0.5 * loss.mean()


train_loader = DataLoader(SignaturePairs(1500), batch_size=50, shuffle=True)
test_set = SignaturePairs(400)
enc = Encoder()
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(enc.parameters(), lr=1e-3)

for epoch in range(8):
    enc.train()
    running = 0.0
    for x1, x2, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(enc(x1), enc(x2), label)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(label)
    print("epoch %d loss %.4f" % (epoch, running / len(train_loader.dataset)))

enc.eval()
with torch.no_grad():
    dist = F.pairwise_distance(enc(test_set.x1), enc(test_set.x2))
print("mean distance, same writer      %.3f" % dist[test_set.same == 1].mean())
print("mean distance, different writer %.3f" % dist[test_set.same == 0].mean())
