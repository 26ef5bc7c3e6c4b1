import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset


class Walks(Dataset):
    """Random walks of different length, drifting up (1) or down (0)."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            up = int(torch.randint(0, 2, (1,), generator=g))
            length = int(torch.randint(6, 30, (1,), generator=g))
            steps = torch.randn(length, 1, generator=g) + (0.6 if up else -0.6)
            self.items.append((steps, up))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def by_length(batch):
    batch = sorted(batch, key=lambda item: len(item[0]), reverse=True)
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        _, h = self.gru(packed)
        return self.fc(h.squeeze(0))


torch.manual_seed(18)
train_dl = DataLoader(Walks(400, seed=0), batch_size=25, shuffle=True, collate_fn=by_length)
val_dl = DataLoader(Walks(150, seed=1), batch_size=50, collate_fn=by_length)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)

for epoch in range(4):
    net.train()
    for x, lengths, y in train_dl:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x, lengths), y)
        loss.backward()
        opt.step()
    net.eval()
    right = 0
    with torch.no_grad():
        for x, lengths, y in val_dl:
            right += int((net(x, lengths).argmax(-1) == y).sum())
    print("epoch", epoch, "accuracy", right / len(val_dl.dataset))
