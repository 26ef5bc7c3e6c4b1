"""BiLSTM-CRF written out: masked forward algorithm, gold score, Viterbi; span F1 from pooled counts."""
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

TAGS = ["O", "B", "I"]


def sentences(n, seed):
    """Token 1 opens a span, tokens 2-4 continue it if inside one, others are outside (5-11). Token 4 is ambiguous outside."""
    g = torch.Generator().manual_seed(seed)
    pick = lambda lo, hi: int(torch.randint(lo, hi, (1,), generator=g))
    data = []
    for _ in range(n):
        x, y = [], []
        while len(x) < pick(5, 12):
            if pick(0, 3) == 0:
                k = pick(1, 4)
                x += [1] + [pick(2, 5) for _ in range(k)]
                y += [1] + [2] * k
            else:
                x.append(pick(4, 12))
                y.append(0)
                if x[-1] == 4 and len(x) > 1 and y[-2] in (1, 2):
                    x[-1] = 5  # after a span only clear outside tokens
        data.append((torch.tensor(x), torch.tensor(y)))
    return data


class CRF(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.trans = nn.Parameter(torch.zeros(k, k))  # [from, to]
        self.start = nn.Parameter(torch.zeros(k))
        self.end = nn.Parameter(torch.zeros(k))

    def log_z(self, e, mask):
        a = self.start + e[:, 0]
        for t in range(1, e.size(1)):
            nxt = torch.logsumexp(a[:, :, None] + self.trans, dim=1) + e[:, t]
            a = torch.where(mask[:, t, None], nxt, a)  # finished sentences stand still
        return torch.logsumexp(a + self.end, dim=1)

    def score(self, e, y, mask):
        m = mask.float()
        emit = e.gather(2, y[:, :, None])[:, :, 0]
        s = self.start[y[:, 0]] + (emit * m).sum(1) + (self.trans[y[:, :-1], y[:, 1:]] * m[:, 1:]).sum(1)
        last = y.gather(1, mask.sum(1, keepdim=True) - 1)[:, 0]
        return s + self.end[last]

    def forward(self, e, y, mask):
        return (self.log_z(e, mask) - self.score(e, y, mask)).mean()  # per sentence, so it grows with length

    @torch.no_grad()
    def decode(self, e, mask):
        out = []
        for ei, n in zip(e, mask.sum(1).tolist()):
            v, back = self.start + ei[0], []
            for t in range(1, n):
                best, arg = (v[:, None] + self.trans).max(0)
                v = best + ei[t]
                back.append(arg)
            tag = int((v + self.end).argmax())
            path = [tag]
            for arg in reversed(back):
                tag = int(arg[tag])
                path.append(tag)
            out.append(path[::-1])
        return out


class Tagger(nn.Module):
    def __init__(self, vocab=12, d=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=0)
        self.rnn = nn.LSTM(d, d, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * d, len(TAGS))
        self.crf = CRF(len(TAGS))

    def emissions(self, x):
        mask = x != 0
        p = pack_padded_sequence(self.emb(x), mask.sum(1), batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.rnn(p)[0], batch_first=True, total_length=x.size(1))
        return self.out(h), mask


def spans(tags):
    out, start = set(), None
    for i, t in enumerate([*tags, 0]):
        if t != 2 and start is not None:
            out.add((start, i))
            start = None
        if t == 1:
            start = i
    return out


def f1(model, data):
    model.eval()
    tp = fp = fn = 0
    with torch.inference_mode():
        for i in range(0, len(data), 50):
            xs, ys = zip(*data[i:i + 50])
            for pred, y in zip(model.crf.decode(*model.emissions(pad_sequence(xs, batch_first=True))), ys):
                a, b = spans(pred), spans(y.tolist())
                tp, fp, fn = tp + len(a & b), fp + len(a - b), fn + len(b - a)
    model.train()
    return 2 * tp / max(1, 2 * tp + fp + fn)


def brute_check():
    import itertools
    crf = CRF(3)
    for p in crf.parameters():
        nn.init.normal_(p)
    e, mask = torch.randn(1, 4, 3), torch.ones(1, 4, dtype=torch.bool)
    with torch.no_grad():
        allp = torch.stack([crf.score(e, torch.tensor([p]), mask)[0] for p in itertools.product(range(3), repeat=4)])
        assert torch.allclose(allp.logsumexp(0), crf.log_z(e, mask)[0], atol=1e-4)


def main(epochs=4):
    torch.manual_seed(0)
    brute_check()
    train, val = sentences(250, 1), sentences(80, 2)
    model = Tagger()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    print(f"before: span F1 {f1(model, val):.3f}")
    for epoch in range(epochs):
        for rows in torch.randperm(len(train)).split(25):
            xs, ys = zip(*(train[i] for i in rows.tolist()))
            x, y = pad_sequence(xs, batch_first=True), pad_sequence(ys, batch_first=True)  # tag padding is masked out
            e, mask = model.emissions(x)
            loss = model.crf(e, y, mask)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
        print(f"epoch {epoch} last loss {loss.item():.3f} span F1 {f1(model, val):.3f}")


if __name__ == "__main__":
    main()
