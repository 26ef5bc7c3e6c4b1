"""Effects that only values show, found where another place in the code is read too: each fires, its cure does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Codes = Callable[[str], set[str]]

CASES = {
    "SB421": (
        """
class Gain:
    def __call__(self, x):
        return x.mul_(torch.empty(1).uniform_(0.8, 1.2))


class Waves(torch.utils.data.Dataset):
    def __init__(self, transform):
        self.wave, self.label = torch.randn(24, 6), torch.arange(24) % 2
        self.seen = torch.zeros(24)
        self.transform = transform

    def __len__(self):
        return 24

    def __getitem__(self, i):
        if self.seen[i] == 0:
            self.seen[i] = 1
        return self.transform(self.wave[i]), self.label[i]


model = nn.Linear(6, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loader = torch.utils.data.DataLoader(Waves(Gain()), batch_size=8, shuffle=True)
for _ in range(4):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
""",
        """
class Gain:
    def __call__(self, x):
        return x.mul(torch.empty(1).uniform_(0.8, 1.2))


class Waves(torch.utils.data.Dataset):
    def __init__(self, transform):
        self.wave, self.label = torch.randn(24, 6), torch.arange(24) % 2
        self.seen = torch.zeros(24)
        self.transform = transform

    def __len__(self):
        return 24

    def __getitem__(self, i):
        if self.seen[i] == 0:
            self.seen[i] = 1
        return self.transform(self.wave[i]), self.label[i]


model = nn.Linear(6, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loader = torch.utils.data.DataLoader(Waves(Gain()), batch_size=8, shuffle=True)
for _ in range(4):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
""",
    ),
    "SB282": (
        """
model = nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(80, 6)
y = (x[:, :1] > 0).float()
for _ in range(8):
    logits = model(x)
    hard = (torch.sigmoid(logits) > 0.5).float()
    dice = 1 - (2 * (hard * y).sum() + 1) / (hard.sum() + y.sum() + 1)
    loss = F.binary_cross_entropy_with_logits(logits, y) + dice
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
""",
        """
model = nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(80, 6)
y = (x[:, :1] > 0).float()
for _ in range(8):
    logits = model(x)
    hard = torch.sigmoid(logits)
    dice = 1 - (2 * (hard * y).sum() + 1) / (hard.sum() + y.sum() + 1)
    loss = F.binary_cross_entropy_with_logits(logits, y) + dice
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
""",
    ),
    "SB283": (
        """
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 12))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(120, 12)
for _ in range(2):
    for clean in torch.utils.data.DataLoader(data, batch_size=20, shuffle=True):
        noisy = clean + 0.5 * torch.randn_like(clean)
        optimizer.zero_grad()
        F.mse_loss(model(noisy), noisy).backward()
        optimizer.step()
""",
        """
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 12))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(120, 12)
for _ in range(2):
    for clean in torch.utils.data.DataLoader(data, batch_size=20, shuffle=True):
        noisy = clean + 0.5 * torch.randn_like(clean)
        optimizer.zero_grad()
        F.mse_loss(model(noisy), clean).backward()
        optimizer.step()
""",
    ),
    "SB286": (
        """
class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 16)
        self.out = nn.Linear(16, 9)

    def forward(self, ids):
        return self.out(self.table(ids))


model = Language()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
text = torch.randint(0, 9, (300, 13))
for i in range(8):
    ids, labels = text[i * 30 : i * 30 + 30, :-1], text[i * 30 : i * 30 + 30, 1:]
    optimizer.zero_grad()
    scores = model(ids)
    F.cross_entropy(scores[:, :-1].flatten(0, 1), labels[:, 1:].flatten()).backward()
    optimizer.step()
""",
        """
class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 16)
        self.out = nn.Linear(16, 9)

    def forward(self, ids):
        return self.out(self.table(ids))


model = Language()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
text = torch.randint(0, 9, (300, 13))
for i in range(8):
    ids, labels = text[i * 30 : i * 30 + 30, :-1], text[i * 30 : i * 30 + 30, 1:]
    optimizer.zero_grad()
    scores = model(ids)
    F.cross_entropy(scores.flatten(0, 1), labels.flatten()).backward()
    optimizer.step()
""",
    ),
    "SB466": (
        """
class Shops(nn.Module):
    def __init__(self):
        super().__init__()
        self.city = nn.Embedding(5, 8, padding_idx=0)
        self.out = nn.Linear(8, 1)

    def forward(self, city):
        return self.out(self.city(city))


model = Shops()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
city = torch.randint(0, 5, (200,))
price = city.float()[:, None] / 5
for _ in range(8):
    optimizer.zero_grad()
    F.mse_loss(model(city), price).backward()
    optimizer.step()
""",
        """
class Shops(nn.Module):
    def __init__(self):
        super().__init__()
        self.city = nn.Embedding(5, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, city):
        return self.out(self.city(city))


model = Shops()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
city = torch.randint(0, 5, (200,))
price = city.float()[:, None] / 5
for _ in range(8):
    optimizer.zero_grad()
    F.mse_loss(model(city), price).backward()
    optimizer.step()
""",
    ),
    "SB821": (
        """
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        h = torch.zeros(len(x), 8)
        for t in range(x.size(1)):
            h = self.cell(x[:, t])
        return self.out(h)


model = Reader()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 7, 3)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.mean(1)[:, :1])
    loss.backward()
    optimizer.step()
""",
        """
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        h = torch.zeros(len(x), 8)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
        return self.out(h)


model = Reader()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 7, 3)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.mean(1)[:, :1])
    loss.backward()
    optimizer.step()
""",
    ),
    "SB859": (
        """
class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.LSTM(3, 8, batch_first=True)
        self.second = nn.LSTM(3, 8, batch_first=True)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        _, (h, c) = self.first(x)
        y, _ = self.second(x, (c, h))
        return self.out(y[:, -1])


model = Pair()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 7, 3)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.mean(1)[:, :1])
    loss.backward()
    optimizer.step()
""",
        """
class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.LSTM(3, 8, batch_first=True)
        self.second = nn.LSTM(3, 8, batch_first=True)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        _, (h, c) = self.first(x)
        y, _ = self.second(x, (h, c))
        return self.out(y[:, -1])


model = Pair()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 7, 3)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.mean(1)[:, :1])
    loss.backward()
    optimizer.step()
""",
    ),
    "SB702": (
        """
draw = lambda: torch.Generator().manual_seed(3)
x = torch.randn(400, 8)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(12):
    rows = torch.randint(0, 400, (50,), generator=draw())
    optimizer.zero_grad()
    F.cross_entropy(model(x[rows]), y[rows]).backward()
    optimizer.step()
""",
        """
made = torch.Generator().manual_seed(3)
x = torch.randn(400, 8)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(12):
    rows = torch.randint(0, 400, (50,), generator=made)
    optimizer.zero_grad()
    F.cross_entropy(model(x[rows]), y[rows]).backward()
    optimizer.step()
""",
    ),
    "SB223": (
        """
class Next(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 8, 5)
        self.out = nn.Conv1d(8, 1, 1)

    def forward(self, x):
        h = torch.relu(self.conv(F.pad(x.transpose(1, 2), (2, 2))))
        return self.out(h).transpose(1, 2)


model = Next()
optimizer = torch.optim.Adam(model.parameters())
series = torch.randn(60, 31, 1).cumsum(1)
for _ in range(12):
    optimizer.zero_grad()
    F.mse_loss(model(series[:, :-1]), series[:, 1:]).backward()
    optimizer.step()
""",
        """
class Next(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 8, 5)
        self.out = nn.Conv1d(8, 1, 1)

    def forward(self, x):
        h = torch.relu(self.conv(F.pad(x.transpose(1, 2), (4, 0))))
        return self.out(h).transpose(1, 2)


model = Next()
optimizer = torch.optim.Adam(model.parameters())
series = torch.randn(60, 31, 1).cumsum(1)
for _ in range(12):
    optimizer.zero_grad()
    F.mse_loss(model(series[:, :-1]), series[:, 1:]).backward()
    optimizer.step()
""",
    ),
    "SB540": (
        """
parts = (nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2))
model = nn.Sequential(*parts)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(60, 2, 10)
y = (x.mean((1, 2)) > 0).long()
for i in range(30):
    optimizer.zero_grad()
    F.cross_entropy(model(x[i : i + 1]), y[i : i + 1]).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print((model(x[30:]).argmax(1) == y[30:]).float().mean())
""",
        """
parts = (nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2))
model = nn.Sequential(*parts)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(330, 2, 10)
y = (x.mean((1, 2)) > 0).long()
for i in range(0, 300, 10):
    optimizer.zero_grad()
    F.cross_entropy(model(x[i : i + 10]), y[i : i + 10]).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print((model(x[300:]).argmax(1) == y[300:]).float().mean())
""",
    ),
}

SORTED = """
class Lengths(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 8, batch_first=True)
        self.out = nn.Linear(8, 1)

    def forward(self, x, sizes):
        packed = nn.utils.rnn.pack_padded_sequence(x, sizes, batch_first=True)  # sorted by length
        return self.out(self.rnn(packed)[1][-1])


model = Lengths()
optimizer = torch.optim.Adam(model.parameters())
x = torch.randn(24, 9, 4)
sizes = torch.randint(3, 10, (24,)).sort(descending=True).values
for _ in range(12):
    optimizer.zero_grad()
    F.mse_loss(model(x, sizes), x[:, 0, :1] * 2 + x[:, 1, :1]).backward()
    optimizer.step()
"""


@pytest.mark.parametrize("code", sorted(CASES))
def test_an_effect_is_seen_and_its_cure_is_quiet(code: str, codes_of: Codes) -> None:
    bad, good = CASES[code]
    assert code in codes_of(bad)
    assert codes_of(good) == set()


def test_a_model_that_cannot_take_a_changed_batch_is_left_alone(codes_of: Codes) -> None:
    assert codes_of(SORTED) == set()
    assert codes_of(SORTED.replace("model(x, sizes)", "model(x, sizes.tolist())")) == set()
