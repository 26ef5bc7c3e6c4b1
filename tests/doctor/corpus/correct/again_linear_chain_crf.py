"""Linear-chain CRF on a GRU: masked forward algorithm, Viterbi decoding, brute-force check of both."""
import itertools

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


class CRF(nn.Module):
    def __init__(self, tags):
        super().__init__()
        self.start, self.end = nn.Parameter(torch.zeros(tags)), nn.Parameter(torch.zeros(tags))
        self.trans = nn.Parameter(torch.zeros(tags, tags))  # [from, to]

    def score(self, emit, tags, mask):
        b = torch.arange(len(tags))
        total = self.start[tags[:, 0]] + emit[b, 0, tags[:, 0]]
        for t in range(1, tags.size(1)):
            step = self.trans[tags[:, t - 1], tags[:, t]] + emit[b, t, tags[:, t]]
            total = total + step * mask[:, t]
        last = mask.sum(1).long() - 1
        return total + self.end[tags[b, last]]

    def log_z(self, emit, mask):
        alpha = self.start + emit[:, 0]
        for t in range(1, emit.size(1)):
            nxt = torch.logsumexp(alpha.unsqueeze(2) + self.trans, dim=1) + emit[:, t]
            alpha = torch.where(mask[:, t].bool().unsqueeze(1), nxt, alpha)
        return torch.logsumexp(alpha + self.end, dim=1)

    def nll(self, emit, tags, mask):
        return (self.log_z(emit, mask) - self.score(emit, tags, mask)).mean()

    @torch.no_grad()
    def viterbi(self, emit, mask):
        paths = []
        for e, n in zip(emit, mask.sum(1).long().tolist()):
            best, back = self.start + e[0], []
            for t in range(1, n):
                val, arg = (best.unsqueeze(1) + self.trans).max(0)
                best = val + e[t]
                back.append(arg)
            tag = int((best + self.end).argmax())
            path = [tag]
            for arg in reversed(back):
                tag = int(arg[tag])
                path.append(tag)
            paths.append(path[::-1])
        return paths


class Tagger(nn.Module):
    def __init__(self, vocab=10, tags=3):
        super().__init__()
        self.emb = nn.Embedding(vocab + 1, 12, padding_idx=vocab)
        self.gru = nn.GRU(12, 12, batch_first=True)
        self.lin = nn.Linear(12, tags)
        self.crf = CRF(tags)

    def emissions(self, x):
        return self.lin(self.gru(self.emb(x))[0])  # left-to-right, so padding at the end cannot leak back


def hmm(n, g):
    trans = torch.tensor([[0.85, 0.15, 0.0], [0.0, 0.8, 0.2], [0.25, 0.0, 0.75]])
    emit = torch.softmax(1.5 * torch.randn(3, 10, generator=torch.Generator().manual_seed(0)), 1)
    out = []
    for _ in range(n):
        length = int(torch.randint(5, 13, (1,), generator=g))
        z = [int(torch.randint(3, (1,), generator=g))]
        while len(z) < length:
            z.append(int(torch.multinomial(trans[z[-1]], 1, generator=g)))
        z = torch.tensor(z)
        out.append((torch.multinomial(emit[z], 1, generator=g).squeeze(1), z))
    return out


def collate(batch):
    xs, zs = zip(*batch)
    mask = pad_sequence([torch.ones(len(x)) for x in xs], batch_first=True)
    return pad_sequence(xs, batch_first=True, padding_value=10), pad_sequence(zs, batch_first=True), mask


def brute_force_check():
    crf, emit, mask = CRF(3), torch.randn(1, 4, 3), torch.ones(1, 4)
    for p in crf.parameters():
        nn.init.normal_(p)
    with torch.no_grad():
        paths = list(itertools.product(range(3), repeat=4))
        scores = torch.cat([crf.score(emit, torch.tensor([p]), mask) for p in paths])
        torch.testing.assert_close(crf.log_z(emit, mask)[0], torch.logsumexp(scores, 0))
        assert crf.viterbi(emit, mask)[0] == list(paths[int(scores.argmax())])


@torch.no_grad()
def token_accuracy(model, loader):
    model.eval()
    hits = n = 0
    for x, z, mask in loader:
        for path, gold in zip(model.crf.viterbi(model.emissions(x), mask), z.tolist()):
            hits += sum(p == t for p, t in zip(path, gold))
            n += len(path)
    return hits / n


torch.manual_seed(61)
brute_force_check()
g = torch.Generator().manual_seed(61)
train_dl = DataLoader(hmm(300, g), 30, shuffle=True, collate_fn=collate)
val_dl, test_dl = DataLoader(hmm(60, g), 60, collate_fn=collate), DataLoader(hmm(60, g), 60, collate_fn=collate)
model = Tagger()
opt = torch.optim.Adam(model.parameters(), lr=2e-2)
for epoch in range(6):
    model.train()
    for x, z, mask in train_dl:
        loss = model.crf.nll(model.emissions(x), z, mask)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
    print(f"epoch {epoch + 1}: val token acc {token_accuracy(model, val_dl):.3f}")
print(f"test token acc {token_accuracy(model, test_dl):.3f}")
