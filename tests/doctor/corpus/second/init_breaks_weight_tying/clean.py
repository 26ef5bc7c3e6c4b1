import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class CharModel(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.decode = nn.Linear(dim, vocab, bias=False)
        self.decode.weight = self.embed.weight
        self.apply(self._init)

    def _init(self, m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=1 / math.sqrt(m.weight.shape[1]))

    def forward(self, ids, state=None):
        h, state = self.rnn(self.embed(ids), state)
        return self.decode(self.norm(h)), state

    def num_weights(self):
        return sum(p.numel() for p in self.parameters())


def corpus():
    words = ["the cat sat ", "a dog ran ", "the sun rose ", "a bird sang "]
    g = torch.Generator().manual_seed(0)
    picks = torch.randint(0, len(words), (700,), generator=g).tolist()
    return "".join(words[i] for i in picks)


def blocks(ids, size):
    n = (len(ids) - 1) // size
    return ids[: n * size].view(n, size), ids[1: n * size + 1].view(n, size)


def main():
    torch.manual_seed(1)
    text = corpus()
    chars = sorted(set(text))
    ids = torch.tensor([chars.index(c) for c in text])
    cut = int(0.85 * len(ids))
    x, y = blocks(ids[:cut], 32)
    xv, yv = blocks(ids[cut:], 32)
    model = CharModel(len(chars), 32)
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(4):
        model.train()
        for b in torch.randperm(len(x)).split(16):
            opt.zero_grad()
            logits, _ = model(x[b])
            F.cross_entropy(logits.flatten(0, 1), y[b].flatten()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
    model.eval()
    with torch.no_grad():
        logits, _ = model(xv)
        loss = F.cross_entropy(logits.flatten(0, 1), yv.flatten()).item()
    print(f"{model.num_weights()} weights, val bits per char {loss / math.log(2):.3f}")


main()
