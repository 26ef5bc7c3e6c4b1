# BiLSTM tagger with variable lengths: pack_padded_sequence, ignore_index, token-level F1
import random
from functools import partial

import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, IGNORE = 0, -100


class Peaks(Dataset):
    """Tag each token: 1 for a local peak of the word numbers, 2 for a local valley, 0 otherwise."""

    def __init__(self, n, seed, vocab=30):
        r = random.Random(seed)
        self.items = []
        for _ in range(n):
            words = [r.randint(1, vocab) for _ in range(r.randint(4, 16))]
            tags = [0] * len(words)
            for i in range(1, len(words) - 1):
                left, w, right = words[i - 1:i + 2]
                tags[i] = 1 if w > max(left, right) else 2 if w < min(left, right) else 0
            self.items.append((torch.tensor(words), torch.tensor(tags)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    words, tags = zip(*batch)
    lengths = torch.tensor([len(w) for w in words])
    return (pad_sequence(words, batch_first=True, padding_value=PAD), lengths,
            pad_sequence(tags, batch_first=True, padding_value=IGNORE))


class Tagger(nn.Module):
    def __init__(self, vocab=30, emb=32, hid=32, tags=3):
        super().__init__()
        self.emb = nn.Embedding(vocab + 1, emb, padding_idx=PAD)
        self.lstm = nn.LSTM(emb, hid, batch_first=True, bidirectional=True)
        self.out = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * hid, tags))

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.emb(words), lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=words.size(1))
        return self.out(h)


def evaluate(model, dl):
    model.eval()
    gold, pred = [], []
    with torch.no_grad():
        for words, lengths, tags in dl:
            best = model(words, lengths).argmax(-1)
            keep = tags != IGNORE
            gold.append(tags[keep])
            pred.append(best[keep])
    gold, pred = torch.cat(gold).numpy(), torch.cat(pred).numpy()
    return f1_score(gold, pred, average="macro"), (gold == pred).mean()


def main():
    torch.manual_seed(0)
    make = partial(DataLoader, batch_size=64, collate_fn=collate)
    train = make(Peaks(1200, seed=1), shuffle=True)
    val, test = make(Peaks(300, seed=2)), make(Peaks(300, seed=3))
    model = Tagger()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    loss_fn = nn.CrossEntropyLoss(ignore_index=IGNORE, reduction="sum")
    best = (-1.0, None)
    for epoch in range(4):
        model.train()
        total, tokens = 0.0, 0
        for words, lengths, tags in train:
            n = int(lengths.sum())
            loss = loss_fn(model(words, lengths).transpose(1, 2), tags)
            opt.zero_grad()
            (loss / n).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            total += loss.item()
            tokens += n
        f1, acc = evaluate(model, val)
        print(f"epoch {epoch} loss/token {total / tokens:.3f} val macro-F1 {f1:.3f} acc {acc:.3f}")
        if f1 > best[0]:
            best = (f1, {k: v.clone() for k, v in model.state_dict().items()})
    model.load_state_dict(best[1])
    print("test macro-F1 %.3f accuracy %.3f" % evaluate(model, test))


if __name__ == "__main__":
    main()
