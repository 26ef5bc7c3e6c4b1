import random
from dataclasses import dataclass
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset

PAD_WORD = 0
PAD_TAG = 0
TAGS = {'<pad>': 0, 'DET': 1, 'ADJ': 2, 'NOUN': 3, 'VERB': 4}
LEXICON = {'DET': range(1, 5), 'ADJ': range(4, 15), 'NOUN': range(12, 30), 'VERB': range(26, 40)}


@dataclass
class HParams:
    emb: int = 16
    hid: int = 24
    lr: float = 1e-2
    batch: int = 25
    epochs: int = 4


class TaggedSentences(Dataset):
    def __init__(self, n, seed):
        r = random.Random(seed)
        self.items = []
        for _ in range(n):
            tags = []
            for _ in range(r.randint(1, 5)):
                tags += ['DET'] + ['ADJ'] * r.randint(0, 2) + ['NOUN'] + ['VERB'] * r.randint(0, 1)
            words = [r.choice(LEXICON[t]) for t in tags]
            self.items.append((torch.tensor(words), torch.tensor([TAGS[t] for t in tags])))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    words = pad_sequence([w for w, _ in batch], batch_first=True, padding_value=PAD_WORD)
    tags = pad_sequence([t for _, t in batch], batch_first=True, padding_value=PAD_TAG)
    return words, tags, torch.tensor([len(w) for w, _ in batch])


class Tagger(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.emb = nn.Embedding(40, hp.emb, padding_idx=PAD_WORD)
        self.lstm = nn.LSTM(hp.emb, hp.hid, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hp.hid, len(TAGS))

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.emb(words), lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.out(h)


def token_accuracy(model, loader):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for words, tags, lengths in loader:
            real = tags != PAD_TAG
            hit += ((model(words, lengths).argmax(-1) == tags) & real).sum().item()
            n += real.sum().item()
    return hit / n


def main():
    hp = HParams()
    torch.manual_seed(0)
    train = DataLoader(TaggedSentences(400, 1), hp.batch, shuffle=True, collate_fn=collate)
    dev = DataLoader(TaggedSentences(100, 2), hp.batch, collate_fn=collate)
    model = Tagger(hp)
    criterion = nn.CrossEntropyLoss(ignore_index=PAD_TAG)
    optimizer = torch.optim.Adam(model.parameters(), lr=hp.lr)
    for _ in range(hp.epochs):
        model.train()
        for words, tags, lengths in train:
            logits = model(words, lengths)
            loss = criterion(logits.transpose(1, 2), tags)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(f'loss {loss.item():.4f} dev token accuracy {token_accuracy(model, dev):.3f}')


main()
