# 단어 임베딩: skip-gram with negative sampling, 빈도 3/4 제곱으로 음성 표본을 뽑는다
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
sentences = [
    "the king rules the land", "the queen rules the land", "the dog chases the cat", "the cat chases the mouse",
    "a king and a queen live in a castle", "a dog and a cat live in a house",
] * 20

tokens = [s.split() for s in sentences]
freq = Counter(w for s in tokens for w in s)
vocab = [w for w, _ in freq.most_common()]
word_to_id = {w: i for i, w in enumerate(vocab)}
counts = torch.tensor([freq[w] for w in vocab], dtype=torch.float)
noise = counts.pow(0.75)
noise /= noise.sum()

pairs = []
for s in tokens:
    ids = [word_to_id[w] for w in s]
    for i, c in enumerate(ids):
        for j in range(max(0, i - 2), min(len(ids), i + 3)):
            if i != j:
                pairs.append((c, ids[j]))
pairs = torch.tensor(pairs)


class SkipGram(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.center = nn.Embedding(n, d, sparse=True)
        self.context = nn.Embedding(n, d, sparse=True)
        nn.init.uniform_(self.center.weight, -0.5 / d, 0.5 / d)
        nn.init.zeros_(self.context.weight)

    def forward(self, c, o, neg):
        v = self.center(c)
        pos = (v * self.context(o)).sum(-1)
        bad = torch.bmm(self.context(neg), v.unsqueeze(-1)).squeeze(-1)
        return -(F.logsigmoid(pos) + F.logsigmoid(-bad).sum(-1)).mean()


model = SkipGram(len(vocab), 16)
opt = torch.optim.SparseAdam(list(model.parameters()), lr=0.01)
for epoch in range(3):
    total = 0.0
    for idx in torch.randperm(len(pairs)).split(128):
        c, o = pairs[idx].unbind(1)
        neg = torch.multinomial(noise, len(idx) * 5, replacement=True).view(-1, 5)
        loss = model(c, o, neg)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"{epoch + 1} 에폭 손실 {total / len(pairs):.3f}")

with torch.no_grad():
    e = F.normalize(model.center.weight, dim=1)
    near = (e @ e[word_to_id["king"]]).topk(3).indices
print([vocab[i] for i in near])
