import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

TAGS = ["O", "PER", "LOC", "ORG"]
VOCAB = 60


def make_corpus(n, g):
    corpus = []
    for _ in range(n):
        length = int(torch.randint(4, 25, (1,), generator=g))
        words = torch.randint(1, VOCAB, (length,), generator=g)
        tags = torch.where(words < 30, 0, 1 + words % 3)
        corpus.append((words, tags))
    return corpus


def collate(batch):
    words, tags = zip(*batch)
    lengths = torch.tensor([len(w) for w in words])
    words = pad_sequence(words, batch_first=True)
    tags = pad_sequence(tags, batch_first=True, padding_value=-100)
    return words, tags, lengths


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, 24, padding_idx=0)
        self.gru = nn.GRU(24, 32, batch_first=True)
        self.fc = nn.Linear(32, len(TAGS))

    def forward(self, words):
        h, _ = self.gru(self.emb(words))
        return self.fc(h)


g = torch.Generator().manual_seed(5)
torch.manual_seed(5)
train_dl = DataLoader(make_corpus(320, g), batch_size=16, shuffle=True, collate_fn=collate)
dev_dl = DataLoader(make_corpus(96, g), batch_size=32, collate_fn=collate)
model = Tagger()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(5):
    model.train()
    for words, tags, _ in train_dl:
        opt.zero_grad()
        loss = loss_fn(model(words).flatten(0, 1), tags.flatten())
        loss.backward()
        opt.step()
    model.eval()
    hit = total = 0
    with torch.no_grad():
        for words, tags, lengths in dev_dl:
            real = torch.arange(words.size(1))[None, :] < lengths[:, None]
            pred = model(words).argmax(-1)
            hit += (pred[real] == tags[real]).sum().item()
            total += real.sum().item()
    print(f"epoch {epoch}: token acc {hit / total:.3f}")
