from argparse import Namespace

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

hp = Namespace(hidden=32, lr=1e-2, epochs=8, batch=25, ignore=-100)


class Walks(Dataset):
    """Steps of a walker in one dimension; label of each step: left of, near or right of the start."""

    def __init__(self, n, seed):
        gen = torch.Generator().manual_seed(seed)
        self.rows = []
        for _ in range(n):
            length = int(torch.randint(8, 31, (1,), generator=gen))
            steps = torch.randn(length, 2, generator=gen)
            place = steps[:, 0].cumsum(0)
            label = torch.ones(length, dtype=torch.long)
            label[place < -1] = 0
            label[place > 1] = 2
            self.rows.append((steps, label))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, k):
        return self.rows[k]


def collate(rows):
    steps = pad_sequence([r[0] for r in rows], batch_first=True)
    labels = pad_sequence([r[1] for r in rows], batch_first=True, padding_value=hp.ignore)
    return steps, labels


class StepLabeller(nn.Module):
    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        self.lstm = nn.LSTM(n_in, hidden, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, n_out)

    def forward(self, steps):
        states, _ = self.lstm(steps)
        return self.out(self.norm(states))


def objective(logits, labels):
    return nn.functional.cross_entropy(logits.reshape(-1, logits.size(-1)), labels.reshape(-1), ignore_index=hp.ignore)


def main():
    torch.manual_seed(19)
    train = DataLoader(Walks(300, 1), batch_size=hp.batch, shuffle=True, collate_fn=collate)
    test = DataLoader(Walks(100, 2), batch_size=50, collate_fn=collate)
    net = StepLabeller(2, hp.hidden, 3)
    opt = torch.optim.Adam(net.parameters(), lr=hp.lr)
    for epoch in range(hp.epochs):
        net.train()
        for steps, labels in train:
            opt.zero_grad()
            objective(net(steps), labels).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()

    net.eval()
    right = total = 0
    with torch.no_grad():
        for steps, labels in test:
            valid = labels != hp.ignore
            right += (net(steps).argmax(-1) == labels)[valid].sum().item()
            total += valid.sum().item()
    print(f"per-step accuracy {right / total:.3f}")


if __name__ == "__main__":
    main()
