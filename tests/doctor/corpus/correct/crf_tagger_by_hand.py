"""BiLSTM-CRF: the forward algorithm and Viterbi with masks."""
import torch
from torch import nn

PAD = 0


class CRF(nn.Module):
    def __init__(self, n_tags):
        super().__init__()
        self.trans = nn.Parameter(0.01 * torch.randn(n_tags, n_tags))
        self.start = nn.Parameter(torch.zeros(n_tags))
        self.end = nn.Parameter(torch.zeros(n_tags))

    def log_partition(self, emit, mask):
        alpha = self.start + emit[:, 0]
        for t in range(1, emit.size(1)):
            step = torch.logsumexp(alpha[:, :, None] + self.trans[None], dim=1) + emit[:, t]
            alpha = torch.where(mask[:, t, None], step, alpha)
        return torch.logsumexp(alpha + self.end, dim=1)

    def path_score(self, emit, tags, mask):
        m = mask.to(emit.dtype)
        e = emit.gather(2, tags[:, :, None]).squeeze(2)
        score = self.start[tags[:, 0]] + (e * m).sum(1)
        score = score + (self.trans[tags[:, :-1], tags[:, 1:]] * m[:, 1:]).sum(1)
        last = tags.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
        return score + self.end[last]

    def nll(self, emit, tags, mask):
        return (self.log_partition(emit, mask) - self.path_score(emit, tags, mask)).mean()

    @torch.no_grad()
    def viterbi(self, emit):
        """Best path of one unpadded sequence: emit (T, K)."""
        delta, back = self.start + emit[0], []
        for e in emit[1:]:
            best, arg = (delta[:, None] + self.trans).max(dim=0)
            delta = best + e
            back.append(arg)
        path = [int((delta + self.end).argmax())]
        for arg in reversed(back):
            path.append(int(arg[path[-1]]))
        return path[::-1]


class Tagger(nn.Module):
    def __init__(self, vocab, tags, d=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=PAD)
        self.rnn = nn.LSTM(d, d, batch_first=True, bidirectional=True)
        self.emit = nn.Linear(2 * d, tags)
        self.crf = CRF(tags)

    def scores(self, x):
        lengths = (x != PAD).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.size(1))
        return self.emit(out)


def corpus(n, gen):
    rows = []
    for _ in range(n):
        L = int(torch.randint(3, 9, (), generator=gen))
        words = torch.randint(1, 20, (L,), generator=gen)
        tags, state = [], 0
        for w in words.tolist():
            state = 1 if w > 15 else (2 if state in (1, 2) and w > 8 else 0)
            tags.append(state)
        rows.append((words, torch.tensor(tags)))
    return rows


def batches(rows, size, shuffle):
    order = torch.randperm(len(rows)).tolist() if shuffle else range(len(rows))
    order = list(order)
    for i in range(0, len(order), size):
        words, tags = zip(*(rows[j] for j in order[i:i + size]))
        pad = nn.utils.rnn.pad_sequence
        yield pad(words, batch_first=True, padding_value=PAD), pad(tags, batch_first=True, padding_value=0)


torch.manual_seed(0)
gen = torch.Generator().manual_seed(0)
train, test = corpus(240, gen), corpus(60, gen)
model = Tagger(20, 3)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(3):
    model.train()
    for x, y in batches(train, 24, shuffle=True):
        loss = model.crf.nll(model.scores(x), y, x != PAD)
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    right = total = 0
    with torch.no_grad():
        for words, tags in test:
            path = model.crf.viterbi(model.scores(words[None])[0])
            right += sum(a == b for a, b in zip(path, tags.tolist()))
            total += len(path)
    print(epoch, round(loss.item(), 3), round(right / total, 3))
