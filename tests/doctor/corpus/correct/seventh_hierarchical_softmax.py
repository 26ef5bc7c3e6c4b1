"""Skip-gram with a hierarchical softmax over a Huffman tree, written by hand."""
import heapq
from collections import Counter
from itertools import count

import torch
from torch import nn
import torch.nn.functional as F


def huffman(freq):
    """word -> (inner nodes on the path, turns taken); rare words get long paths."""
    tick = count()
    heap = [(f, next(tick), w) for w, f in freq.items()]
    heapq.heapify(heap)
    inner = 0
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (a[0] + b[0], next(tick), (inner, a[2], b[2])))
        inner += 1
    paths, stack = {}, [(heap[0][2], [], [])]
    while stack:
        node, nodes, turns = stack.pop()
        if isinstance(node, tuple):
            k, left, right = node
            stack.append((left, nodes + [k], turns + [0.0]))
            stack.append((right, nodes + [k], turns + [1.0]))
        else:
            paths[node] = (nodes, turns)
    return paths, inner


class TreeSoftmax(nn.Module):
    def __init__(self, freq, dim):
        super().__init__()
        paths, inner = huffman(freq)
        longest = max(len(p) for p, _ in paths.values())
        v = len(freq)
        node, turn, mask = torch.zeros(v, longest, dtype=torch.long), torch.zeros(v, longest), torch.zeros(v, longest)
        for w, (p, t) in paths.items():
            node[w, :len(p)] = torch.tensor(p)
            turn[w, :len(t)] = torch.tensor(t)
            mask[w, :len(p)] = 1
        self.register_buffer("node", node)
        self.register_buffer("turn", turn)
        self.register_buffer("mask", mask)
        self.table = nn.Embedding(inner, dim)
        nn.init.zeros_(self.table.weight)        # every turn starts at one half

    def forward(self, h, target):
        """-log p(target), one number a row; unused path positions are masked out."""
        score = torch.einsum("bd,bkd->bk", h, self.table(self.node[target]))
        return (F.binary_cross_entropy_with_logits(score, self.turn[target], reduction="none") * self.mask[target]).sum(1)

    @torch.no_grad()
    def log_prob(self, h):
        """All words at once: [batch, vocabulary]."""
        score = (h @ self.table.weight.T)[:, self.node]
        return -(F.binary_cross_entropy_with_logits(score, self.turn.expand_as(score), reduction="none") * self.mask).sum(-1)


def text(n, gen, topics):
    """Words come in topical runs of ten."""
    runs = torch.randint(0, len(topics), (n // 10,), generator=gen)
    return torch.cat([topics[r][torch.multinomial(1.0 / torch.arange(1, 11), 10, True, generator=gen)] for r in runs.tolist()])


def pairs(words, window=2):
    left, right = [], []
    for d in range(1, window + 1):
        left += [words[:-d], words[d:]]
        right += [words[d:], words[:-d]]
    return torch.cat(left), torch.cat(right)


torch.manual_seed(0)
gen = torch.Generator().manual_seed(1)
V = 50
topics = torch.randperm(V, generator=gen).view(5, 10)
train_words, test_words = text(4000, gen, topics), text(1000, gen, topics)
freq = Counter({w: 1 for w in range(V)})
freq.update(train_words.tolist())
centre, context = pairs(train_words)
centre_t, context_t = pairs(test_words)

vectors = nn.Embedding(V, 16)
tree = TreeSoftmax(freq, 16)
opt = torch.optim.Adam([*vectors.parameters(), *tree.parameters()], lr=0.01)
for epoch in range(5):
    running = 0.0
    for idx in torch.randperm(len(centre)).split(256):
        loss = tree(vectors(centre[idx]), context[idx]).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item() * len(idx)
    print(f"epoch {epoch} nll {running / len(centre):.4f}")

with torch.no_grad():
    logp = tree.log_prob(vectors(centre_t))
assert torch.allclose(logp.exp().sum(1), torch.ones(len(logp)), atol=1e-4)
with torch.no_grad():
    direct = tree(vectors(centre_t), context_t)
assert torch.allclose(-logp.gather(1, context_t[:, None]).squeeze(1), direct, atol=1e-4)
unigram = torch.tensor([freq[w] for w in range(V)], dtype=torch.float)
base = -(unigram / unigram.sum()).log()[context_t].mean()
print(f"test nll {direct.mean():.4f} unigram {base:.4f}")
