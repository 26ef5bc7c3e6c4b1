import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


class Walks(Dataset):
    def __init__(self, n, rng):
        self.items = []
        for _ in range(n):
            length = rng.randint(4, 40)
            steps = torch.tensor([[rng.gauss(0, 1), rng.random()] for _ in range(length)])
            label = float(steps[-2:, 0].sum() > 0)
            self.items.append((steps, label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class WalkClassifier(nn.Module):
    def __init__(self, hidden=20):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        out, _ = self.lstm(x)
        last = out[:, -1]
        return self.fc(last).squeeze(1)


def evaluate(model, loader):
    was_training = model.training
    model.eval()
    good = 0
    with torch.no_grad():
        for x, lengths, y in loader:
            good += ((model(x, lengths) > 0) == (y > 0.5)).sum().item()
    model.train(was_training)
    return good / len(loader.dataset)


def main():
    torch.manual_seed(1)
    rng = random.Random(1)
    train = DataLoader(Walks(900, rng), batch_size=32, shuffle=True, collate_fn=collate)
    test = DataLoader(Walks(300, rng), batch_size=100, collate_fn=collate)
    model = WalkClassifier()
    opt = torch.optim.RMSprop(model.parameters(), lr=4e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    model.train()
    for epoch in range(6):
        for x, lengths, y in train:
            loss = loss_fn(model(x, lengths), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(epoch, round(evaluate(model, test), 3))


main()
