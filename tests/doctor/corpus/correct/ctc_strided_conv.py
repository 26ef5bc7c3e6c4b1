import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

BLANK = 0
CLASSES = 6


class Signals(Dataset):
    """A symbol is a short burst on one of five channels; lengths differ."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.rows = []
        for _ in range(n):
            L = int(torch.randint(2, 6, (), generator=g))
            label = torch.randint(1, CLASSES, (L,), generator=g)
            pieces = []
            for s in label.tolist():
                burst = torch.zeros(int(torch.randint(6, 10, (), generator=g)), 5)
                burst[2:, s - 1] = 1.0
                pieces.append(burst)
            x = torch.cat(pieces)
            self.rows.append((x + 0.2 * torch.randn(x.shape, generator=g), label))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    xs, ys = zip(*rows)
    in_len = torch.tensor([len(x) for x in xs])
    out_len = torch.tensor([len(y) for y in ys])
    x = nn.utils.rnn.pad_sequence(xs, batch_first=True)
    return x, in_len, torch.cat(ys), out_len


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(5, 32, kernel_size=3, stride=2, padding=1)
        self.rnn = nn.GRU(32, 32, batch_first=True)
        self.fc = nn.Linear(32, CLASSES)

    def forward(self, x, lengths):
        h = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        h, _ = self.rnn(h)
        return self.fc(h).log_softmax(dim=-1), torch.div(lengths - 1, 2, rounding_mode="floor") + 1


def greedy(log_probs, lengths):
    out = []
    for path, n in zip(log_probs.argmax(-1), lengths.tolist()):
        collapsed = torch.unique_consecutive(path[:n])
        out.append(collapsed[collapsed != BLANK].tolist())
    return out


torch.manual_seed(0)
train = DataLoader(Signals(256, 0), batch_size=32, shuffle=True, collate_fn=collate)
test = DataLoader(Signals(64, 1), batch_size=64, collate_fn=collate)
net = Net()
ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(5):
    net.train()
    for x, in_len, y, y_len in train:
        log_probs, out_len = net(x, in_len)
        loss = ctc(log_probs.transpose(0, 1), y, out_len, y_len)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
    net.eval()
    exact = total = 0
    with torch.no_grad():
        for x, in_len, y, y_len in test:
            log_probs, out_len = net(x, in_len)
            truth = [t.tolist() for t in y.split(y_len.tolist())]
            exact += sum(g == t for g, t in zip(greedy(log_probs, out_len), truth))
            total += len(truth)
    print(epoch, round(loss.item(), 3), f"{exact}/{total}")
