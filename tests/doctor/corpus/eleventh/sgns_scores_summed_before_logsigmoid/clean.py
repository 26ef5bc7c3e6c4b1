import random
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(10)
torch.manual_seed(10)

# 1) corpus: sentences about food, about weather, about cars
themes = [
    "rice soup bread cheese apple pepper dinner kitchen".split(),
    "rain snow wind cloud storm thunder winter sky".split(),
    "engine wheel road brake driver garage fuel tire".split(),
]
glue = "the a is and of".split()
sentences = []
for _ in range(400):
    theme = random.choice(themes)
    sentences.append([random.choice(theme if random.random() < 0.7 else glue) for _ in range(8)])

# 2) vocabulary and noise distribution
counts = Counter(w for s in sentences for w in s)
vocab = [w for w, _ in counts.most_common()]
w2i = {w: i for i, w in enumerate(vocab)}
noise = torch.tensor([counts[w] for w in vocab], dtype=torch.float) ** 0.75

# 3) training pairs, window 2
centers, contexts = [], []
for s in sentences:
    for i, w in enumerate(s):
        for j in range(max(0, i - 2), min(len(s), i + 3)):
            if j != i:
                centers.append(w2i[w])
                contexts.append(w2i[s[j]])
centers, contexts = torch.tensor(centers), torch.tensor(contexts)


class SkipGram(nn.Module):
    def __init__(self, n, dim=20):
        super().__init__()
        self.v = nn.Embedding(n, dim)
        self.u = nn.Embedding(n, dim)
        nn.init.uniform_(self.v.weight, -0.5 / dim, 0.5 / dim)
        nn.init.uniform_(self.u.weight, -0.5 / dim, 0.5 / dim)

    def forward(self, center, target, negatives):
        v = self.v(center)                                            # B x D
        pos = (v * self.u(target)).sum(1)                             # B
        neg = torch.bmm(self.u(negatives), v.unsqueeze(2)).squeeze(2)   # B x K
        neg_term = F.logsigmoid(-neg).sum(1)
        return -(F.logsigmoid(pos) + neg_term).mean()


model = SkipGram(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(6):
    total = 0.0
    batches = torch.randperm(len(centers)).split(256)
    for idx in batches:
        negatives = torch.multinomial(noise, len(idx) * 5, replacement=True).view(-1, 5)
        loss = model(centers[idx], contexts[idx], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("epoch", epoch, "loss", round(total / len(batches), 4))

vectors = F.normalize(model.v.weight.detach(), dim=1)
for word in ("soup", "storm", "wheel"):
    near = (vectors @ vectors[w2i[word]]).topk(4).indices[1:]
    print(word, "->", [vocab[i] for i in near.tolist()])
