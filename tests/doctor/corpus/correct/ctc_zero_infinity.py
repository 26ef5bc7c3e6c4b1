import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
BLANK, SYMBOLS, FEATS = 0, 5, 8
PROTO = torch.randn(SYMBOLS + 1, FEATS)


class Speechish(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.data = []
        for _ in range(n):
            k = int(torch.randint(2, 6, (1,), generator=g))
            y = torch.randint(1, SYMBOLS + 1, (k,), generator=g)
            frames = []
            for s in y:
                frames += [PROTO[s]] * int(torch.randint(2, 5, (1,), generator=g)) + [PROTO[0]]
            x = torch.stack(frames)
            self.data.append((x + 0.3 * torch.randn(x.shape, generator=g), y))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self.data[i]


def collate(b):
    xs, ys = zip(*b)
    xl, yl = torch.tensor([len(x) for x in xs]), torch.tensor([len(y) for y in ys])
    return nn.utils.rnn.pad_sequence(xs), torch.cat(ys), xl, yl       # (T, N, F); the targets are one long vector


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(FEATS, 32, 3, padding=1)
        self.out = nn.Linear(32, SYMBOLS + 1)

    def forward(self, x):
        h = torch.relu(self.conv(x.permute(1, 2, 0))).permute(2, 0, 1)
        return self.out(h).log_softmax(-1)


def decode(logp, lens):
    best = logp.argmax(-1).T
    for row, n in zip(best, lens):
        row = torch.unique_consecutive(row[:n])
        yield row[row != BLANK].tolist()


train = DataLoader(Speechish(400, 1), batch_size=32, shuffle=True, collate_fn=collate)
test = DataLoader(Speechish(100, 2), batch_size=50, collate_fn=collate)
net, ctc = Net(), nn.CTCLoss(blank=BLANK, zero_infinity=True)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(5):
    net.train()
    for x, y, xl, yl in train:
        loss = ctc(net(x), y, xl, yl)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
    net.eval()
    exact = 0
    with torch.no_grad():
        for x, y, xl, yl in test:
            exact += sum(p == t.tolist() for p, t in zip(decode(net(x), xl), y.split(yl.tolist())))
    print(f"epoch {epoch} loss {loss.item():.3f} exact sequences {exact / len(test.dataset):.2f}")
