"""Linear-chain CRF: forward algorithm for the loss, Viterbi for the prediction."""
import torch
import torch.nn as nn

torch.manual_seed(0)
TAGS, VOCAB, L = 3, 12, 10
TRANS = torch.tensor([[0.8, 0.2, 0.0], [0.0, 0.6, 0.4], [0.5, 0.0, 0.5]])
EMIT = torch.softmax(1.2 * torch.randn(TAGS, VOCAB), 1)


def sample(n, seed):
    g = torch.Generator().manual_seed(seed)
    t = torch.zeros(n, L, dtype=torch.long)
    for i in range(1, L):
        t[:, i] = torch.multinomial(TRANS[t[:, i - 1]], 1, generator=g).squeeze(1)
    x = torch.multinomial(EMIT[t.flatten()], 1, generator=g).view(n, L)
    lens = torch.randint(5, L + 1, (n,), generator=g)
    return x, t, torch.arange(L) < lens[:, None]


class CRF(nn.Module):
    def __init__(self):
        super().__init__()
        self.emit = nn.Embedding(VOCAB, TAGS)
        self.trans = nn.Parameter(torch.zeros(TAGS, TAGS))
        self.start = nn.Parameter(torch.zeros(TAGS))

    def score(self, e, t, m):
        s = self.start[t[:, 0]] + e[:, 0].gather(1, t[:, :1]).squeeze(1)
        steps = self.trans[t[:, :-1], t[:, 1:]] + e[:, 1:].gather(2, t[:, 1:, None]).squeeze(2)
        return s + (steps * m[:, 1:]).sum(1)

    def log_z(self, e, m):
        a = self.start + e[:, 0]
        for i in range(1, L):
            new = torch.logsumexp(a.unsqueeze(2) + self.trans, dim=1) + e[:, i]
            a = torch.where(m[:, i, None], new, a)        # a finished sequence keeps its value
        return a.logsumexp(1)

    def forward(self, x, t, m):
        e = self.emit(x)
        return (self.log_z(e, m) - self.score(e, t, m)).mean()

    @torch.no_grad()
    def viterbi(self, x, m):
        e = self.emit(x)
        a, back = self.start + e[:, 0], []
        same = torch.arange(TAGS).expand(len(x), TAGS)
        for i in range(1, L):
            best, arg = (a.unsqueeze(2) + self.trans).max(1)
            on = m[:, i, None]
            a = torch.where(on, best + e[:, i], a)
            back.append(torch.where(on, arg, same))
        path = [a.argmax(1)]
        for b in reversed(back):
            path.append(b.gather(1, path[-1][:, None]).squeeze(1))
        return torch.stack(path[::-1], 1)


train, test = sample(600, 1), sample(200, 2)
crf = CRF()
opt = torch.optim.Adam(crf.parameters(), lr=0.05)
for epoch in range(6):
    for i in torch.randperm(600).split(60):
        loss = crf(*(a[i] for a in train))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: nll of the last batch {loss.item():.3f}")
x, t, m = test
with torch.no_grad():
    greedy = crf.emit(x).argmax(-1)
for name, p in (("emissions alone", greedy), ("viterbi", crf.viterbi(x, m))):
    print(f"{name}: {(p == t)[m].float().mean().item():.3f}")
