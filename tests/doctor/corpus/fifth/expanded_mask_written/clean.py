import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


class Bags(Dataset):
    """길이가 다른 시퀀스: 가장 큰 값의 부호가 라벨"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            length = int(torch.randint(3, 15, (1,), generator=g))
            seq = torch.randn(length, 4, generator=g)
            label = (seq[seq[:, 0].abs().argmax(), 0] > 0).float()
            self.items.append((seq, label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    x = pad_sequence(seqs, batch_first=True)
    mask = torch.ones(1, x.size(1)).repeat(len(seqs), 1)
    for row, s in enumerate(seqs):
        mask[row, len(s):] = 0
    return x, mask, torch.stack(labels)


class AttentionPool(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(4, d), nn.ReLU(), nn.Linear(d, d))
        self.score = nn.Linear(d, 1)
        self.out = nn.Linear(d, 1)

    def forward(self, x, mask):
        h = self.f(x)
        a = self.score(torch.tanh(h)).squeeze(-1)
        w = torch.softmax(a.masked_fill(mask == 0, float("-inf")), dim=1)
        return self.out((w.unsqueeze(-1) * h).sum(1)).squeeze(-1)


torch.manual_seed(10)
train_dl = DataLoader(Bags(1000, 1), batch_size=40, shuffle=True, collate_fn=collate)
test_dl = DataLoader(Bags(300, 2), batch_size=50, collate_fn=collate)
model = AttentionPool()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(10):
    model.train()
    for x, m, y in train_dl:
        opt.zero_grad()
        bce(model(x, m), y).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        right = sum(((model(x, m) > 0) == y.bool()).sum().item() for x, m, y in test_dl)
    print(epoch, right / len(test_dl.dataset))
