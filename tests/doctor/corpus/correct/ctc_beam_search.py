"""CTC training on synthetic 'handwriting' frames; greedy and prefix beam search decoding, character error rate."""
import math
from collections import defaultdict

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

BLANK, N_CHARS, N_FEAT = 0, 5, 8
torch.manual_seed(50)
PROTO = torch.randn(N_CHARS + 1, N_FEAT)


def sample(g):
    n = int(torch.randint(2, 6, (1,), generator=g))
    label = torch.randint(1, N_CHARS + 1, (n,), generator=g)
    frames = []
    for c in label:
        frames += [PROTO[c]] * int(torch.randint(2, 4, (1,), generator=g))
        frames += [PROTO[BLANK]] * int(torch.randint(1, 3, (1,), generator=g))
    x = torch.stack(frames)
    return x + 0.5 * torch.randn(x.shape, generator=g), label


def collate(batch):
    xs, ys = zip(*batch)
    return (pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]),
            torch.cat(ys), torch.tensor([len(y) for y in ys]))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(N_FEAT, 32, batch_first=True, bidirectional=True)
        self.out = nn.Linear(64, N_CHARS + 1)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(h).log_softmax(-1)


def greedy(logp):
    path = torch.unique_consecutive(logp.argmax(-1)).tolist()
    return [c for c in path if c != BLANK]


def logadd(*v):
    m = max(v)
    return m if m == -math.inf else m + math.log(sum(math.exp(a - m) for a in v))


def beam_search(logp, width=5):
    """Prefix beam search; each prefix keeps (log p ending in blank, log p ending in a character)."""
    beams = {(): (0.0, -math.inf)}
    for frame in logp.tolist():
        nxt = defaultdict(lambda: (-math.inf, -math.inf))
        for prefix, (pb, pc) in beams.items():
            both = logadd(pb, pc)
            b, c = nxt[prefix]
            nxt[prefix] = (logadd(b, both + frame[BLANK]), c)
            if prefix:
                b, c = nxt[prefix]
                nxt[prefix] = (b, logadd(c, pc + frame[prefix[-1]]))
            for ch in range(1, N_CHARS + 1):
                new = prefix + (ch,)
                b, c = nxt[new]
                src = pb if prefix and prefix[-1] == ch else both
                nxt[new] = (b, logadd(c, src + frame[ch]))
        beams = dict(sorted(nxt.items(), key=lambda kv: logadd(*kv[1]), reverse=True)[:width])
    return list(max(beams.items(), key=lambda kv: logadd(*kv[1]))[0])


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        prev, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            prev, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, prev + (x != y))
    return row[-1]


@torch.no_grad()
def cer(model, loader, decode):
    model.eval()
    errors = total = 0
    for x, xl, y, yl in loader:
        logp = model(x, xl)
        for lp, n, ref in zip(logp, xl.tolist(), y.split(yl.tolist())):
            errors += edit_distance(decode(lp[:n]), ref.tolist())
            total += len(ref)
    return errors / total


g = torch.Generator().manual_seed(51)
train, val, test = ([sample(g) for _ in range(n)] for n in (400, 60, 60))
train_dl = DataLoader(train, 20, shuffle=True, collate_fn=collate)
val_dl, test_dl = DataLoader(val, 30, collate_fn=collate), DataLoader(test, 30, collate_fn=collate)
model, criterion = Net(), nn.CTCLoss(blank=BLANK)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    model.train()
    for x, xl, y, yl in train_dl:
        logp = model(x, xl)
        loss = criterion(logp.transpose(0, 1), y, xl, yl)  # (T, N, C), lengths before padding
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
    print(f"epoch {epoch + 1}: val CER {cer(model, val_dl, greedy):.3f}")
print(f"test CER greedy {cer(model, test_dl, greedy):.3f} beam {cer(model, test_dl, beam_search):.3f}")
