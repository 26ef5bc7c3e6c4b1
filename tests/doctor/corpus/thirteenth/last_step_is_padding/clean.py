import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


class Trajectories(Dataset):
    """Random walks of different length; is the end right of the start?"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            length = int(torch.randint(3, 40, (1,), generator=g))
            steps = torch.randn(length, 2, generator=g)
            self.items.append((steps, int(steps[-3:, 0].sum() > 0)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class GRUClassifier(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(2, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x, lengths):
        out, _ = self.rnn(x)
        last = out[torch.arange(len(lengths)), lengths - 1]
        return self.fc(last)


torch.manual_seed(9)
train_loader = DataLoader(Trajectories(512, seed=1), batch_size=32, shuffle=True, collate_fn=collate)
val_set = Trajectories(200, seed=2)
val_loader = DataLoader(val_set, batch_size=50, collate_fn=collate)
model = GRUClassifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(5):
    model.train()
    for x, lengths, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, lengths, y in val_loader:
            correct += (model(x, lengths).argmax(1) == y).sum().item()
    print(f"epoch {epoch} loss {loss.item():.3f} val acc {correct / len(val_set):.3f}")
