"""Speech-like CTC: sequences of tone 'phonemes' with varying duration, a GRU encoder, greedy decoding and token error rate."""
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

N_TOK, N_MEL, BLANK = 6, 12, 0


class Tones(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        proto = torch.randn(N_TOK + 1, N_MEL, generator=torch.Generator().manual_seed(1))
        self.items = []
        for _ in range(n):
            toks = torch.randint(1, N_TOK + 1, (int(torch.randint(2, 6, (1,), generator=g)),), generator=g)
            frames = []
            for t in toks:
                dur = int(torch.randint(3, 7, (1,), generator=g))
                frames.append(proto[t].expand(dur, -1))
                frames.append(torch.zeros(2, N_MEL))  # pause
            feat = torch.cat(frames)
            self.items.append((feat + 0.4 * torch.randn(feat.shape, generator=g), toks))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    feats, toks = zip(*batch)
    flen = torch.tensor([len(f) for f in feats])
    tlen = torch.tensor([len(t) for t in toks])
    return pad_sequence(feats, batch_first=True), flen, torch.cat(toks), tlen


class Acoustic(nn.Module):
    def __init__(self, h=24):
        super().__init__()
        self.norm = nn.LayerNorm(N_MEL)
        self.rnn = nn.GRU(N_MEL, h, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * h, N_TOK + 1)

    def forward(self, x, lens):
        packed = pack_padded_sequence(self.norm(x), lens, batch_first=True, enforce_sorted=False)
        y, _ = self.rnn(packed)
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.size(1))
        return self.out(y).log_softmax(-1)


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        prev, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            prev, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, prev + (x != y))
    return row[-1]


def greedy(logp, lens):
    for path, n in zip(logp.argmax(-1), lens):
        collapsed = torch.unique_consecutive(path[:n])
        yield collapsed[collapsed != BLANK].tolist()


@torch.no_grad()
def token_error_rate(model, dl):
    model.eval()
    err = tot = 0
    for x, flen, y, tlen in dl:
        for hyp, ref in zip(greedy(model(x, flen), flen), y.split(tlen.tolist())):
            err += edit_distance(hyp, ref.tolist())
            tot += len(ref)
    return err / tot


def main():
    torch.manual_seed(8)
    train = DataLoader(Tones(192, 10), batch_size=16, shuffle=True, collate_fn=collate)
    dev = DataLoader(Tones(64, 20), batch_size=32, collate_fn=collate)
    model = Acoustic()
    ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(6):
        model.train()
        seen = total = 0
        for x, flen, y, tlen in train:
            logp = model(x, flen)
            loss = ctc(logp.transpose(0, 1), y, flen, tlen)  # CTC wants (T, N, C)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
            total += loss.item() * len(flen)
            seen += len(flen)
        print(f"epoch {epoch} ctc {total / seen:.3f} dev TER {token_error_rate(model, dev):.3f}")


if __name__ == "__main__":
    main()
