# Read digits from a stretched, noisy pulse train with CTC.
import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(37)

BLANK, SYMBOLS, CHANNELS = 0, 5, 6
SHAPES = torch.randn(SYMBOLS, CHANNELS)


def example():
    n = int(torch.randint(2, 6, (1,)))
    target = torch.randint(1, SYMBOLS + 1, (n,))
    pieces = []
    for s in target.tolist():
        pieces.append(SHAPES[s - 1].repeat(int(torch.randint(2, 5, (1,))), 1))
        pieces.append(torch.zeros(int(torch.randint(1, 4, (1,))), CHANNELS))
    signal = torch.cat(pieces)
    return signal + 0.3 * torch.randn_like(signal), target


def collate(batch):
    signals, targets = zip(*batch)
    x = nn.utils.rnn.pad_sequence(signals, batch_first=True)
    return (
        x,
        torch.tensor([len(s) for s in signals]),
        torch.cat(targets),
        torch.tensor([len(t) for t in targets]),
    )


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(CHANNELS, 32, 3, padding=1)
        self.out = nn.Linear(32, SYMBOLS + 1)

    def forward(self, x):
        h = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return self.out(h).log_softmax(-1)


def greedy(path):
    collapsed = torch.unique_consecutive(path)
    return collapsed[collapsed != BLANK].tolist()


train = [example() for _ in range(400)]
test = [example() for _ in range(120)]
model = Reader()
ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
train_loader = DataLoader(train, batch_size=20, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test, batch_size=40, collate_fn=collate)

for epoch in range(1, 7):
    model.train()
    for x, x_len, y, y_len in train_loader:
        logp = model(x).transpose(0, 1)
        loss = ctc(logp, y, x_len, y_len)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
    model.eval()
    exact = 0
    with torch.no_grad():
        for x, x_len, y, y_len in test_loader:
            paths = model(x).argmax(-1)
            for path, length, truth in zip(paths, x_len.tolist(), y.split(y_len.tolist())):
                exact += greedy(path[:length]) == truth.tolist()
    print(f"epoch {epoch}: {exact}/{len(test)} strings read without a mistake")
