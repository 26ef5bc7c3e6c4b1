"""Skip-gram with negative sampling on a toy corpus with two topics."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(88)

TOPICS = {
    "kitchen": ["salt", "pan", "oven", "soup", "onion", "spoon"],
    "harbour": ["ship", "anchor", "gull", "rope", "tide", "sailor"],
}
COMMON = ["the", "and", "of"]
WINDOW, NEG, DIM = 2, 4, 12

vocab = [w for ws in TOPICS.values() for w in ws] + COMMON
ids = {w: i for i, w in enumerate(vocab)}


def sentence():
    topic = list(TOPICS.values())[int(torch.randint(0, 2, (1,)))]
    out = []
    for _ in range(8):
        pool = topic if torch.rand(1).item() < 0.7 else COMMON
        out.append(ids[pool[int(torch.randint(0, len(pool), (1,)))]])
    return out


corpus = [sentence() for _ in range(500)]

pairs = []
for s in corpus:
    for i, centre in enumerate(s):
        for j in range(max(0, i - WINDOW), min(len(s), i + WINDOW + 1)):
            if j != i:
                pairs.append((centre, s[j]))
pairs = torch.tensor(pairs)

counts = torch.bincount(torch.tensor([w for s in corpus for w in s]), minlength=len(vocab)).float()
noise_dist = counts**0.75


class SGNS(nn.Module):
    def __init__(self, v, d):
        super().__init__()
        self.centre = nn.Embedding(v, d)
        self.context = nn.Embedding(v, d)
        nn.init.uniform_(self.centre.weight, -0.5 / d, 0.5 / d)
        nn.init.zeros_(self.context.weight)

    def forward(self, c, o, neg):
        v = self.centre(c)
        pos = (v * self.context(o)).sum(dim=1)
        negs = torch.bmm(self.context(neg), v.unsqueeze(2)).squeeze(2)
        return -(F.logsigmoid(pos) + F.logsigmoid(-negs).sum(dim=1)).mean()


model = SGNS(len(vocab), DIM)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loader = DataLoader(TensorDataset(pairs[:, 0], pairs[:, 1]), batch_size=256, shuffle=True)

for epoch in range(5):
    total = 0.0
    for c, o in loader:
        neg = torch.multinomial(noise_dist, len(c) * NEG, replacement=True).view(len(c), NEG)
        loss = model(c, o, neg)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(c)
    print(f"epoch {epoch}: {total / len(pairs):.4f}")

vectors = F.normalize(model.centre.weight.detach(), dim=1)
similarity = vectors @ vectors.T
similarity.fill_diagonal_(-1.0)
for word in ("soup", "anchor"):
    best = similarity[ids[word]].topk(3).indices.tolist()
    print(word, "->", ", ".join(vocab[i] for i in best))
