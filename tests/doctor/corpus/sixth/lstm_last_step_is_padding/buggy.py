import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

GOOD = "great superb lovely moving clever".split()
BAD = "awful boring clumsy flat stupid".split()
REST = "the a film plot actor scene and was it with in of music story very".split()
VOCAB = ["<pad>"] + REST + GOOD + BAD
STOI = {w: i for i, w in enumerate(VOCAB)}


class Reviews(Dataset):
    """Made-up reviews of 3 to 30 words; the opinion stands in one or two words."""

    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.items = []
        for _ in range(n):
            label = rng.randint(0, 1)
            words = rng.choices(REST, k=rng.choice([3, 5, 8, 20, 30]))
            words[rng.randrange(len(words))] = rng.choice(GOOD if label else BAD)
            self.items.append((" ".join(words), label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        text, label = self.items[i]
        return torch.tensor([STOI[w] for w in text.split()]), label


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self, vocab, dim=24, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, tokens, lengths):
        out, _ = self.lstm(self.emb(tokens))
        last = out[:, -1]
        return self.fc(last)


def accuracy(model, loader):
    model.eval()
    hit = 0
    with torch.no_grad():
        for tokens, lengths, labels in loader:
            hit += (model(tokens, lengths).argmax(1) == labels).sum().item()
    return hit / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(3)
    train_dl = DataLoader(Reviews(640, 0), batch_size=32, shuffle=True, collate_fn=collate)
    test_dl = DataLoader(Reviews(160, 1), batch_size=40, collate_fn=collate)
    model = Classifier(len(VOCAB))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(4):
        model.train()
        for tokens, lengths, labels in train_dl:
            optimizer.zero_grad()
            loss = criterion(model(tokens, lengths), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        print(f"epoch {epoch}  test accuracy {accuracy(model, test_dl):.3f}")
