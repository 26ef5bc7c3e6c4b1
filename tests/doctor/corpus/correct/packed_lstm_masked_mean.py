import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class Walks(Dataset):
    """Which of two drifts made this random walk?"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            L = int(torch.randint(5, 30, (1,), generator=g))
            y = int(torch.randint(2, (1,), generator=g))
            steps = torch.randn(L, 2, generator=g) + (0.25 if y else -0.25)
            self.items.append((steps, y))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    xs, ys = zip(*batch)
    return pack_sequence(xs, enforce_sorted=False), torch.tensor(ys, dtype=torch.float32)


class Model(nn.Module):
    def __init__(self, h=16):
        super().__init__()
        self.lstm = nn.LSTM(2, h, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * h, 1)

    def forward(self, packed):
        out, _ = self.lstm(packed)
        out, lens = pad_packed_sequence(out, batch_first=True)      # original order again
        mask = torch.arange(out.size(1)) < lens.unsqueeze(1)
        mean = (out * mask.unsqueeze(-1)).sum(1) / lens.unsqueeze(1)
        return self.fc(mean).squeeze(-1)


train = DataLoader(Walks(600, 1), batch_size=32, shuffle=True, collate_fn=collate)
val = DataLoader(Walks(200, 2), batch_size=64, collate_fn=collate)
net, bce = Model(), nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    tot = 0.0
    for x, y in train:
        opt.zero_grad()
        loss = bce(net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        tot += loss.item() * len(y)
    net.eval()
    with torch.no_grad():
        hits = sum(((net(x) >= 0) == y.bool()).sum().item() for x, y in val)
    print(f"epoch {epoch}: train {tot / len(train.dataset):.3f} val acc {hits / len(val.dataset):.3f}")
