"""CTC on synthetic glyph sequences: (T, N, C) log-probabilities, blank 0, packed BiGRU, true lengths, edit distance on greedy output."""
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

ALPHABET = "abcdef"  # ids 1..6; 0 is the blank


class Glyphs(Dataset):
    def __init__(self, n, seed, dim=10):
        g = torch.Generator().manual_seed(seed)
        shapes = torch.randn(len(ALPHABET), dim, generator=torch.Generator().manual_seed(42))
        self.items = []
        for _ in range(n):
            k = int(torch.randint(2, 6, (1,), generator=g))
            label = torch.randint(1, len(ALPHABET) + 1, (k,), generator=g)
            frames = []
            for c in label.tolist():
                width = int(torch.randint(2, 5, (1,), generator=g))
                frames += [shapes[c - 1].expand(width, dim), torch.zeros(1, dim)]
            x = torch.cat(frames)
            self.items.append((x + 0.3 * torch.randn(x.shape, generator=g), label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    xs, ys = zip(*batch)
    return (pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]),
            torch.cat(ys), torch.tensor([len(y) for y in ys]))  # targets concatenated: the 1-D form CTC accepts


class Reader(nn.Module):
    def __init__(self, dim=10, h=40):
        super().__init__()
        self.rnn = nn.GRU(dim, h, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * h, len(ALPHABET) + 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(h).log_softmax(-1)  # CTCLoss wants log-probabilities


def greedy(logp, lengths):
    best = logp.argmax(-1)
    out = []
    for row, n in zip(best, lengths):
        row = row[:n].unique_consecutive()  # first merge repeats, then drop blanks
        out.append(row[row != 0].tolist())
    return out


def edit(a, b):
    prev = list(range(len(b) + 1))
    for i, p in enumerate(a, 1):
        cur = [i]
        for j, q in enumerate(b, 1):
            cur.append(min(prev[j] + 1, cur[-1] + 1, prev[j - 1] + (p != q)))
        prev = cur
    return prev[-1]


@torch.no_grad()
def character_error_rate(model, loader):
    model.eval()
    wrong = chars = 0
    for x, xl, y, yl in loader:
        for hyp, ref in zip(greedy(model(x, xl), xl), y.split(yl.tolist())):
            wrong += edit(hyp, ref.tolist())
            chars += len(ref)
    model.train()
    return wrong / chars  # over all characters, not the mean of per-sample rates; may exceed 1


def main(epochs=6):
    torch.manual_seed(0)
    train = DataLoader(Glyphs(500, 1), 25, shuffle=True, collate_fn=collate)
    val = DataLoader(Glyphs(100, 2), 50, collate_fn=collate)
    model = Reader()
    ctc = nn.CTCLoss(blank=0, zero_infinity=True)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(epochs):
        total = 0.0
        for x, xl, y, yl in train:
            loss = ctc(model(x, xl).transpose(0, 1), y, xl, yl)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train):.3f} val cer {character_error_rate(model, val):.3f}")


if __name__ == "__main__":
    main()
