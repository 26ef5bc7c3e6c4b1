import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

random.seed(0)
torch.manual_seed(0)

PAD = 0
N_WORDS, N_TAGS = 30, 5  # tag 0 is reserved for PAD


def make_sentence():
    # the tag depends on the word and on the word before it
    n = min(40, 2 + int(random.expovariate(1 / 5)))
    words = [random.randint(1, N_WORDS - 1) for _ in range(n)]
    tags = [1 + (w + prev) % (N_TAGS - 1) for prev, w in zip([0] + words[:-1], words)]
    return torch.tensor(words), torch.tensor(tags)


def collate(batch):
    lengths = torch.tensor([len(w) for w, _ in batch])
    words = pad_sequence([w for w, _ in batch], batch_first=True, padding_value=PAD)
    tags = pad_sequence([t for _, t in batch], batch_first=True, padding_value=PAD)
    return words, tags, lengths


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(N_WORDS, 24, padding_idx=PAD)
        self.rnn = nn.LSTM(24, 48, batch_first=True)
        self.fc = nn.Linear(48, N_TAGS)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.emb(words), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.fc(out)


train_dl = DataLoader([make_sentence() for _ in range(400)], batch_size=20, shuffle=True, collate_fn=collate)
dev_dl = DataLoader([make_sentence() for _ in range(100)], batch_size=50, collate_fn=collate)

tagger = Tagger()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(tagger.parameters(), lr=0.01)

for epoch in range(6):
    tagger.train()
    for words, tags, lengths in train_dl:
        optimizer.zero_grad()
        logits = tagger(words, lengths)
        loss = loss_fn(logits.reshape(-1, N_TAGS), tags.reshape(-1))
        loss.backward()
        optimizer.step()

    tagger.eval()
    right = total = 0
    with torch.no_grad():
        for words, tags, lengths in dev_dl:
            keep = tags != PAD
            right += (tagger(words, lengths).argmax(-1)[keep] == tags[keep]).sum().item()
            total += keep.sum().item()
    print("epoch", epoch, "loss", round(loss.item(), 3), "dev tag acc", round(right / total, 3))
