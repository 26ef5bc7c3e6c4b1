"""CTC on variable-length synthetic recordings; greedy decoding and label error rate."""
import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

BLANK, SYMBOLS, FEATS = 0, 6, 8


def record(rng, prototypes):
    label = rng.integers(1, SYMBOLS + 1, size=rng.integers(3, 7))
    frames = []
    for s in label:
        frames += [prototypes[0]] * rng.integers(1, 3)
        frames += [prototypes[s]] * rng.integers(2, 4)
    frames = np.stack(frames) + 0.3 * rng.normal(size=(len(frames), FEATS))
    return torch.from_numpy(frames).float(), torch.from_numpy(label)


def collate(batch):
    frames, labels = zip(*batch)
    return (
        pad_sequence(frames),
        torch.tensor([len(f) for f in frames]),
        torch.cat(labels),
        torch.tensor([len(y) for y in labels]),
    )


class Acoustic(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(FEATS, hidden, bidirectional=True)
        self.out = nn.Linear(2 * hidden, SYMBOLS + 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.rnn(packed)[0])
        return self.out(h).log_softmax(dim=-1)


def greedy(log_probs, lengths):
    best = log_probs.argmax(dim=-1).T
    decoded = []
    for row, n in zip(best, lengths):
        collapsed = torch.unique_consecutive(row[:n])
        decoded.append(collapsed[collapsed != BLANK].tolist())
    return decoded


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


@torch.no_grad()
def label_error_rate(model, loader):
    model.eval()
    errors = total = 0
    for x, x_len, y, y_len in loader:
        references = [r.tolist() for r in y.split(y_len.tolist())]
        for hyp, ref in zip(greedy(model(x, x_len), x_len), references):
            errors += edit_distance(hyp, ref)
            total += len(ref)
    return errors / total


def main():
    torch.manual_seed(18)
    rng = np.random.default_rng(18)
    prototypes = rng.normal(size=(SYMBOLS + 1, FEATS))
    train = [record(rng, prototypes) for _ in range(320)]
    test = [record(rng, prototypes) for _ in range(80)]
    train_loader = DataLoader(train, batch_size=16, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(test, batch_size=40, collate_fn=collate)

    model = Acoustic()
    ctc = nn.CTCLoss(blank=BLANK)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(6):
        model.train()
        losses = []
        for x, x_len, y, y_len in train_loader:
            loss = ctc(model(x, x_len), y, x_len, y_len)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
            losses.append(loss.item())
        print(f"epoch {epoch} ctc {np.mean(losses):.3f} test LER {label_error_rate(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
