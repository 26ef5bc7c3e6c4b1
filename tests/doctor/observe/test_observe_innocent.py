"""What looks like a mistake in the numbers and is none, each beside the mistake that it looks like."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seedbed.doctor.finding import Finding

Codes = Callable[[str], set[str]]
Found = Callable[[str, int], list[Finding]]

SERIES = """
series = torch.cat([torch.randn(300), torch.randn(100) * {width} + {level}])
x = series.unfold(0, 8, 1)[:-1]; y = series[8:]
if {shuffled}:
    order = torch.randperm(len(x)); x, y = x[order], y[order]
model = nn.Linear(8, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    model.train()
    for ids in torch.randperm(288).split(48):
        optimizer.zero_grad()
        F.mse_loss(model(x[ids]).squeeze(1), y[ids]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(F.mse_loss(model(x[300:]).squeeze(1), y[300:]))
"""


def test_a_series_may_drift_and_rows_of_a_table_may_not(codes_of: Codes) -> None:
    drifting = SERIES.format(width=0.2, level=4.0, shuffled=False)
    assert "SB409" not in codes_of(drifting)
    table = drifting.replace("series.unfold(0, 8, 1)[:-1]", "torch.randn(392, 8)")
    assert "SB409" in codes_of(table.replace("y = series[8:]", "y = series[8:]; x[300:] = x[300:] * 0.2 + 4.0"))


GRAPH = """
n = 120
x = torch.randn(n, 6); adj = torch.eye(n){kind}; y = torch.randint(0, 3, (n,))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, 3)
    def forward(self, x, adj):
        return self.out(adj @ x)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
def test(rows):
    model.eval()
    with torch.no_grad():
        return (model(x, adj)[rows].argmax(1) == y[rows]).float().mean()
for epoch in range(8):
    model.train()
    optimizer.zero_grad()
    F.cross_entropy(model(x, adj){part}, y{part}).backward()
    optimizer.step()
    print(test(slice(60, n)))
"""


@pytest.mark.parametrize("kind", ["", ".to_sparse()"])
@pytest.mark.parametrize(("part", "found"), [("[:40]", False), ("", True)])
def test_a_whole_graph_goes_in_and_the_loss_takes_the_training_nodes(
    codes_of: Codes, kind: str, part: str, found: bool
) -> None:
    assert ("SB309" in codes_of(GRAPH.format(kind=kind, part=part))) is found


SYMBOLS = """
s = torch.randint(1, 6, (400, 7)); s[:, 3] = 0; y = s[:, 4]{shift}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding({tokens}, 16)
        self.out = nn.Linear(16 * 7, 6)
    def forward(self, s):
        return self.out(self.token(s).flatten(1))
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for ids in torch.randperm(400).split(40):
    optimizer.zero_grad()
    F.cross_entropy(model(s[ids]), y[ids]).backward()
    optimizer.step()
"""


@pytest.mark.parametrize(("tokens", "found"), [(6, False), (50, True)])
def test_a_symbol_of_the_inputs_may_be_no_target(codes_of: Codes, tokens: int, found: bool) -> None:
    assert ("SB243" in codes_of(SYMBOLS.format(tokens=tokens, shift=""))) is found


DRAWS = """
x = torch.randn(200, 4); y = x.sum(1, keepdim=True)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
def distance(a, b):
    p = torch.randn(4, 16, generator=torch.Generator().manual_seed(0))
    return (a @ p).mean() - (b @ p).mean()
for step in range(60):
    ids = torch.randint(0, 200, (20,))
    if step % 12 == 0:
        print(float(distance(x, x + step)))
    optimizer.zero_grad()
    F.mse_loss(model(x[ids]), y[ids]).backward()
    optimizer.step()
"""


def test_a_look_now_and_then_may_use_the_same_numbers(codes_of: Codes) -> None:
    assert "SB702" not in codes_of(DRAWS)  # test_observe_effects.py has the mistake


FEATURES = """
hour = torch.arange(600.0); angle = hour / 24 * 6.283185307
x = torch.stack([angle.sin(), angle.cos(), (2 * angle).sin(), (2 * angle).cos(), torch.randn(600), torch.randn(600)], 1)
x = x.round(decimals=4)
y = x.sum(1, keepdim=True)
model = nn.Linear(6, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    model.train()
    for ids in torch.randperm(480).split(48):
        optimizer.zero_grad()
        F.mse_loss(model(x[ids]), y[ids]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(F.mse_loss(model(x[480:]), y[480:]))
"""


def test_features_that_come_again_are_no_windows(codes_of: Codes) -> None:
    assert "SB415" not in codes_of(FEATURES)


JOBS = """
x = torch.randn(80, 4); y = torch.randn(80, 1)
def job(limit):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=60)
    for step in range(60):
        if step == limit:
            return
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
        schedule.step()
job(9)
{again}
"""


@pytest.mark.parametrize(("again", "found"), [("job(None)", False), ("", True)])
def test_a_job_that_is_broken_off_and_made_again_has_a_whole_schedule(codes_of: Codes, again: str, found: bool) -> None:
    assert ("SB140" in codes_of(JOBS.format(again=again))) is found


PHASES = """
x = torch.randn(80, 4); y = torch.randn(80, 1)
model = nn.Linear(4, 1)
def train(steps, rate):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
train(10, {rate})
for _ in range(3):
    train(5, 0.02)
"""


@pytest.mark.parametrize(("rate", "found"), [(0.05, False), (0.02, True)])
def test_phases_with_rates_of_their_own_are_trainings_of_their_own(codes_of: Codes, rate: float, found: bool) -> None:
    assert ("SB119" in codes_of(PHASES.format(rate=rate))) is found


GRID = """
def measured(n, rows):
    x = torch.linspace(-1, 1, n)[:, None]
    return x, x + 0.3 * torch.randn(rows, 1)
torch.manual_seed(3)
x, y = measured(24, 24)
test_x, test_y = {test}
plain = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
dropped = nn.Sequential(nn.Linear(1, 32), nn.Dropout(0.5), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam([*plain.parameters(), *dropped.parameters()], lr=1e-2)
for step in range(30):
    one, two = F.mse_loss(plain(x), y), F.mse_loss(dropped(x), y)
    optimizer.zero_grad(); (one + two).backward(); optimizer.step()
    if step % 10 == 9:
        plain.eval(); dropped.eval()
        with torch.no_grad():
            test_plain, test_dropped = plain(test_x), dropped(test_x)
            print(F.mse_loss(test_plain, test_y), F.mse_loss(test_dropped, test_y))
        plain.train(); dropped.train()
"""


def test_a_grid_of_inputs_may_be_measured_once_more(codes_of: Codes) -> None:
    assert "SB309" not in codes_of(GRID.format(test="measured(24, 24)"))
    assert "SB309" in codes_of(GRID.format(test="x.clone(), y.clone()"))


GUESSED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, 4)
    def forward(self, x):
        return F.log_softmax(self.out(x)){after}
torch.manual_seed(0)
x, y = torch.randn({shape}), torch.randint(0, 4, (32,))
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    optimizer.zero_grad()
    F.nll_loss(model(x), y).backward()
    optimizer.step()
"""


def test_an_axis_that_is_guessed_rightly_is_no_mistake(codes_of: Codes) -> None:
    assert "SB208" not in codes_of(GUESSED.format(shape="32, 6", after=""))
    assert "SB208" in codes_of(GUESSED.format(shape="32, 5, 6", after="[:, -1]"))


PIXELS = """
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
x, y = torch.randn(16, 1, 8, 8), torch.randint(0, 3, (16, 8, 8))
for step in range(12):
    rows = torch.randperm(16)[:8]
    known = (torch.rand(8, 1, 8, 8) > 0.2).float()
    p = net(x[rows]).softmax({axis}) * known
    right = F.one_hot(y[rows], 3).movedim(-1, 1) * known
    loss = 1 - (2 * (p * right).sum((0, 2, 3)) / (p + right).sum((0, 2, 3))).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
"""


def test_the_classes_of_pixels_are_not_scores_of_attention(codes_of: Codes) -> None:
    assert not {"SB208", "SB235"} & codes_of(PIXELS.format(axis=1))
    assert "SB208" in codes_of(PIXELS.format(axis=2))


STEPS_FIRST = """
class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 6{layout})
        self.score = nn.Linear(6, 1)
        self.out = nn.Linear(6, 3)
    def forward(self, x):
        h, _ = self.rnn(x)
        weights = torch.softmax(self.score(h).squeeze(2), dim=0)
        return self.out((weights.unsqueeze(2) * h).sum(0))
torch.manual_seed(0)
x, y = torch.randn(5, 30, 4), torch.randint(0, 3, (30,))
net = Pooled()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(12):
    optimizer.zero_grad(); F.cross_entropy(net(x), y).backward(); optimizer.step()
"""


def test_weights_over_steps_that_come_first_are_right(codes_of: Codes) -> None:
    assert "SB208" not in codes_of(STEPS_FIRST.format(layout=""))
    assert "SB208" in codes_of(STEPS_FIRST.format(layout=", batch_first=True"))


ATTACKED = """
def net():
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
def attack(model, x, y):
    was = model.training
    model.eval()
    delta = torch.zeros_like(x)
    for _ in range(3):
        delta.requires_grad_(True)
        slope, = torch.autograd.grad(F.cross_entropy(model(x + delta), y), delta)
        delta = (delta + 0.05 * slope.sign()).detach()
    model.train(was)
    return x + delta
def epoch(model, optimizer, loader):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad(); F.cross_entropy(model(xb), yb).backward(); {step}
def score(model, loader):
    model.eval()
    right = 0
    for xb, yb in loader:
        xb = attack(model, xb, yb)
        with torch.no_grad():
            right += (model(xb).argmax(1) == yb).sum()
    return right
x = torch.randn(200, 6); y = x[:, :3].argmax(1)
data = [torch.utils.data.TensorDataset(x[:120], y[:120]), torch.utils.data.TensorDataset(x[120:], y[120:])]
Loader = torch.utils.data.DataLoader
train_loader, test_loader = Loader(data[0], batch_size=20, shuffle=True), Loader(data[1], batch_size=20)
for trial in range(2):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for number in range(4):
        epoch(model, optimizer, train_loader)
        {more}
    print(score(model, test_loader))
"""


def test_an_attack_on_test_data_trains_nothing(codes_of: Codes) -> None:
    quiet = ATTACKED.format(step="optimizer.step()", more="")
    assert not {"SB302", "SB312", "SB301", "SB303"} & codes_of(quiet)
    assert "SB312" in codes_of(ATTACKED.format(step="optimizer.step()", more="epoch(model, optimizer, test_loader)"))


LATE = """
data = torch.randn(64, 12); wanted = data @ torch.randn(12, 1) * 30
def net():
    made = nn.Sequential(nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 1)){scale}
    return made, torch.optim.Adam(made.parameters(), lr=0.2)
for trial in range(3):
    model, optimizer = net()
    for step in range(120):
        optimizer.zero_grad(); F.mse_loss(model(data), wanted).backward(); optimizer.step()
    model.eval()
    with torch.no_grad():
        print(F.mse_loss(model(data), wanted))
"""


def test_weights_that_are_first_seen_after_their_training_did_not_begin_so(findings_of: Found) -> None:
    assert "SB506" not in {f.code for f in findings_of(LATE.format(scale=""), 20)}
    large = LATE.format(scale="; made[0].weight.data.normal_(0, 3)")
    assert "SB506" in {f.code for f in findings_of(large, 20)}


HEADS = """
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.label, self.other = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 2)
    def forward(self, x):
        h = self.body(x).relu()
        return self.label(h), self.other(h)
net = Two()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
x, y, z = torch.randn(80, 6), torch.randint(0, 3, (80,)), torch.randint(0, 2, (80,))
for step in range(12):
    label, other = net(x)
    loss = F.cross_entropy(label, y) {more}
    optimizer.zero_grad(); loss.backward(); optimizer.step()
"""


def test_an_output_that_nobody_reads_is_not_cut_off(codes_of: Codes) -> None:
    assert "SB128" not in codes_of(HEADS.format(more=""))
    assert "SB128" in codes_of(HEADS.format(more="+ F.cross_entropy(other.detach(), z)"))


TASKS = """
tasks = [(torch.randn(60, 5), torch.randint(0, 2, (60,))) for _ in range(4)]
model = nn.Linear(5, 2)
for x, y in tasks:
    {outer}optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(3):
        {inner}optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for rows in torch.randperm(60).split(20):
            optimizer.zero_grad(); F.cross_entropy(model(x[rows]), y[rows]).backward(); optimizer.step()
"""


def test_a_task_of_several_epochs_may_begin_with_a_new_optimizer(codes_of: Codes) -> None:
    assert "SB119" not in codes_of(TASKS.format(outer="", inner="pass; # "))
    assert "SB119" in codes_of(TASKS.format(outer="pass; # ", inner=""))


ENCODER = """
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(9, 8, padding_idx=0)
        self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1)
        self.out = nn.Linear(8, 2)
    def forward(self, ids):
        return self.out(self.layers(self.words(ids), src_key_padding_mask=ids {sign} 0)[:, 0])
ids = torch.randint(1, 9, (32, 7)); ids[::2, 4:] = 0
net, y = Encoder(), torch.randint(0, 2, (32,))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(8):
    optimizer.zero_grad(); F.cross_entropy(net(ids), y).backward(); optimizer.step()
"""


def test_a_mask_that_torch_has_turned_into_numbers_is_known_again(codes_of: Codes) -> None:
    assert "SB226" not in codes_of(ENCODER.format(sign="=="))
    assert "SB226" in codes_of(ENCODER.format(sign="!="))
