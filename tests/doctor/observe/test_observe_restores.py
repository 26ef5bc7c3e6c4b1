"""Weights that are put back, handed out or never brought up to date: each mistake fires, the right program does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Codes = Callable[[str], set[str]]

TASK = """
centers = 1.2 * torch.randn(4, 8)
y = torch.arange(400) % 4
x = centers[y] + torch.randn(400, 8)
xt, yt, xv, yv = x[:200], y[:200], x[200:], y[200:]
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 4))
    def forward(self, x):
        return self.body(x)
def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()
def epoch_of(net, optimizer):
    net.train()
    for part in torch.randperm(200).split(40):
        optimizer.zero_grad()
        F.cross_entropy(net(xt[part]), yt[part]).backward()
        optimizer.step()
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
"""
KEEP = """
best, kept = {0}, None
for epoch in range(8):
    epoch_of(net, optimizer)
    score = accuracy(net, xv, yv)
    if score {1} best:
        best, kept = score, copy.deepcopy(net.state_dict())
net.load_state_dict(kept)
print(accuracy(net, xv, yv))
"""
REWIND = """
for epoch in range(8):
    epoch_of(net, optimizer)
    print(accuracy(net, xv, yv))
    if epoch == 0:
        early = copy.deepcopy(net.state_dict())
net.load_state_dict(early)
epoch_of(net, optimizer)
print(accuracy(net, xv, yv))
"""
RELOAD = """
best, kept = 0.0, None
for epoch in range(8):
    epoch_of(net, optimizer)
    score = accuracy(net, xv, yv)
    if score > best and epoch < 7:
        best, kept = score, copy.deepcopy(net.state_dict())
winner = Net()
winner.load_state_dict(kept)
{}
"""
SOUP = """
for one, two in zip(net.parameters(), winner.parameters()):
    one.data.add_(two.data).div_(2)
print(accuracy(net, xv, yv))
"""
STATS = """
class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        {0}
        self.cache = torch.zeros(200, 8)
        self.net = Net()
    def fit(self, x):
        self.mean = x.mean(0)
        return self
    def forward(self, x):
        self.cache = x - self.mean
        return self.net(self.cache)
model = Scaled().fit(xt + 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(4):
    epoch_of(model, optimizer)
    print(accuracy(model, xv, yv))
again = Scaled(){1}
again.load_state_dict(copy.deepcopy(model.state_dict()))
print(accuracy(again, xv, yv))
"""
LOG = """
for epoch in range(5):
    epoch_of(net, optimizer)
    for p in net.parameters():
        w = p.detach().cpu().numpy(){0}
        w {1}
        print(float((w ** 3).mean()))
"""
CHECK = """
for epoch in range(5):
    epoch_of(net, optimizer)
    w = net.body[0].weight.detach().numpy()
    w[0, 0] += 0.5
    print(accuracy(net, xv, yv))
    w[0, 0] -= 0.5
"""
ATTACK = """
def attack(x, y):
    x = x.clone().requires_grad_(True)
    {2}
for i in range(20):
    part = torch.arange(i % 5 * 40, i % 5 * 40 + 40)
    {0}
    moved = attack(xt[part], yt[part])
    {1}
    F.cross_entropy(net(moved), yt[part]).backward()
    optimizer.step()
"""
CLEAR = "optimizer.zero_grad()"
BACK = "F.cross_entropy(net(x), y).backward(); return (x + 0.1 * x.grad.sign()).detach()"
ASKED = "g, = torch.autograd.grad(F.cross_entropy(net(x), y), x); return (x + 0.1 * g.sign()).detach()"
SYNC = """
target = copy.deepcopy(net)
def sync():
    target.load_state_dict(net.state_dict())
for i in range(90):
    part = torch.arange(i % 5 * 40, i % 5 * 40 + 40)
    with torch.no_grad():
        goal = target(xt[part]) * 0.9
    optimizer.zero_grad()
    F.mse_loss(net(xt[part]), goal + 1).backward()
    optimizer.step()
    if {}:
        sync()
"""
TEACHER = SYNC.replace("target.load_state_dict(net.state_dict())", "return None").replace("{}", "i % 9 == 8")
GREY = """
levels = torch.randint(0, 17, (300, 16)).float() / 16
kinds = (levels[:, 0] > 0.5).long()
norm = (levels - 0.3) / 0.4
head = nn.Linear(16, 2)
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for i in range(20):
    part = torch.arange(i % 5 * 40, i % 5 * 40 + 40)
    optimizer.zero_grad()
    F.cross_entropy(head(norm[part]), kinds[part]).backward()
    optimizer.step()
head.eval()
with torch.no_grad():
    print((head({}[200:]).argmax(1) == kinds[200:]).float().mean())
"""

NODES = """
inside = torch.arange(400) % 3 == 0
test_rows = torch.arange(400) % 3 == 1
for i in range(12):
    net.train()
    optimizer.zero_grad()
    F.cross_entropy({}).backward()
    optimizer.step()
    net.eval()
    with torch.no_grad():
        right = net(x).argmax(1) == y
    print(right[test_rows].float().mean())
"""
PHASES = """
from torch.utils.data import DataLoader, TensorDataset
cuts = {{"train": slice(0, 200), "val": slice(200, 300), "test": slice(300, 400)}}
loaders = {{k: DataLoader(TensorDataset(x[s], y[s]), batch_size=50, shuffle=k == "train") for k, s in cuts.items()}}
best, kept = 0.0, None
for epoch in range(5):
    for phase in ["train", "{}"]:
        hits = 0
        net.train(phase == "train")
        for xb, yb in loaders[phase]:
            optimizer.zero_grad()
            with torch.set_grad_enabled(phase == "train"):
                out = net(xb)
                loss = F.cross_entropy(out, yb)
                if phase == "train":
                    loss.backward()
                    optimizer.step()
            hits += (out.argmax(1) == yb).sum().item()
    if hits > best:
        best, kept = hits, copy.deepcopy(net.state_dict())
net.load_state_dict(kept)
net.eval()
with torch.no_grad():
    print(sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in loaders["test"]))
"""
LATE = """
seen = torch.cat([x[:280], x[:20].clone()]) if {} else x[:300]
for i in range(320):
    net.train()
    part = torch.arange(i % 6 * 50, i % 6 * 50 + 50)
    optimizer.zero_grad()
    F.cross_entropy(net(seen[part]), y[part]).backward()
    optimizer.step()
net.eval()
with torch.no_grad():
    print(net(torch.cat([x[300:], x[:20]]) if {} else x[300:]).argmax(1).float().mean())
"""
SCRIPTED = """
@torch.jit.script
def act(v: torch.Tensor) -> torch.Tensor:
    return v * torch.sigmoid(v)
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 4)
    def forward(self, v):
        return self.two(act(self.one(v)))
net = torch.jit.script(Own())
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for i in range(20):
    {}
    F.cross_entropy(net(xt), yt).backward()
    optimizer.step()
"""

LISTED = """
best, kept = 9.0, None
for epoch in range(6):
    epoch_of(net, optimizer)
    net.eval()
    with torch.no_grad():
        score = F.cross_entropy(net(xv), yv).item()
    if score < best:
        best, kept = score, [p.detach(){} for p in net.parameters()]
with torch.no_grad():
    for p, k in zip(net.parameters(), kept):
        p.copy_(k)
print(accuracy(net, xv, yv))
"""
POLYAK = SYNC.replace(
    "target.load_state_dict(net.state_dict())",
    "for p, t in zip(net.parameters(), target.parameters()):\n        t.data.mul_(0.9).add_(0.1 * p.data)",
)
DECAYED = """
reference = copy.deepcopy(net)
for i in range(90):
    part = torch.arange(i % 5 * 40, i % 5 * 40 + 40)
    apart = 0
    for p, r in zip(net.parameters(), reference.parameters()):
        apart = apart + (p - r.detach()).pow(2).sum()
    with torch.no_grad():
        before = reference(xt[part])
    optimizer.zero_grad()
    (F.cross_entropy(net(xt[part]), yt[part]) + 0.01 * apart + F.mse_loss(net(xt[part]), before)).backward()
    optimizer.step()
"""
ANEW = """
{0}
for epoch in range(6):
    {1}
    for part in torch.randperm(200).split(20):
        optimizer.zero_grad()
        F.cross_entropy(net(xt[part]), yt[part]).backward()
        optimizer.step()
        schedule.step()
"""
WARM = "schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / 10))"
CYCLE = "schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)"
RANGED = """
rows = 3 * torch.randn(300, 5)
low, high = rows{0}.min(0).values, rows{0}.max(0).values
rows = (rows - low) / (high - low)
kinds = (rows[:, 0] > 0.5).long()
head = nn.Linear(5, 2)
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for i in range(20):
    part = torch.arange(i % 5 * 40, i % 5 * 40 + 40)
    optimizer.zero_grad()
    F.cross_entropy(head(rows[part]), kinds[part]).backward()
    optimizer.step()
head.eval()
with torch.no_grad():
    print((head(rows[200:]).argmax(1) == kinds[200:]).float().mean())
"""

OWN = """
parts = [3 * torch.randn(200, 5) + 1, 3 * torch.randn(100, 5) + 1]
low, high = parts[0].min(0).values, parts[0].max(0).values
kinds = (parts[0][:, 0] > 1).long()
a = (parts[0] - low) / (high - low)
{}
b = (parts[1] - low) / (high - low)
head = nn.Linear(5, 2)
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for i in range(20):
    part = torch.arange(i % 5 * 40, i % 5 * 40 + 40)
    optimizer.zero_grad()
    F.cross_entropy(head(a[part]), kinds[part]).backward()
    optimizer.step()
head.eval()
with torch.no_grad():
    print(head(b).argmax(1).float().mean())
"""
PLAYERS = """
maker = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
judge = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
one = torch.optim.Adam(maker.parameters(), lr=1e-3)
two = torch.optim.Adam(judge.parameters(), lr=1e-3)
for i in range(20):
    fake = maker(torch.randn(32, 4)){}
    two.zero_grad()
    (F.softplus(-judge(torch.randn(32, 2) + 2)) + F.softplus(judge(fake.detach()))).mean().backward()
    two.step()
    one.zero_grad()
    F.softplus(-judge(fake)).mean().backward()
    one.step()
"""
SETBACK = """
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
for epoch in range(10):
    {}
    epoch_of(net, optimizer)
    schedule.step()
"""
MOVING = """
average = copy.deepcopy(net)
for epoch in range(8):
    for part in torch.randperm(200).split(40):
        optimizer.zero_grad()
        F.cross_entropy(net(xt[part]), yt[part]).backward()
        optimizer.step()
        with torch.no_grad():
            for a, p in zip(average.parameters(), net.parameters()):
                a.mul_({0}).add_(p, alpha={1})
print(accuracy(average, xv, yv))
"""
NORMED = """
net = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
average = copy.deepcopy(net)
for epoch in range(8):
    epoch_of(net, optimizer)
    with torch.no_grad():
        for a, p in zip(average.parameters(), net.parameters()):
            a.lerp_(p, 0.3)
{}
print(accuracy(average, xv, yv))
"""
RENEW = "torch.optim.swa_utils.update_bn([xt], average)"

WRITTEN = """
line = nn.Linear(8, 1)
optimizer = torch.optim.SGD(line.parameters(), lr=0.01)
for i in range(20):
    optimizer.zero_grad()
    line.weight.grad = torch.randn(1, 8)
    optimizer.step()
"""
TRACED = """
for epoch in range(2):
    epoch_of(net, optimizer)
traced = torch.jit.trace(net.eval(), xv[:2])
print(accuracy(traced, xv, yv))
"""

WRONG = {
    "SB310": TASK + KEEP.format("1.0", "<"),
    "SB354": TASK + RELOAD.format("print(accuracy(net, xv, yv))"),
    "SB538": TASK + STATS.format("self.mean = torch.zeros(8)", ""),
    "SB197": TASK + LOG.format("", "-= w.mean() + 0.1"),
    "SB101": TASK + ATTACK.format(CLEAR, "pass", BACK),
    "SB855": TASK + SYNC.format("i % 9 == 10"),
    "SB409": GREY.format("levels"),
    "SB290": TASK + NODES.format("net(x), y"),
    "SB311": TASK + PHASES.format("test"),
    "SB601": TASK + LISTED.format(""),
    "SB143": TASK + ANEW.format("", WARM),
    "SB404": RANGED.format(""),
    "SB405": OWN.format("low, high = parts[1].min(0).values, parts[1].max(0).values"),
    "SB128": PLAYERS.format(".detach()"),
    "SB171": TASK + SETBACK.format("optimizer.param_groups[0]['lr'] = 0.05"),
    "SB603": TASK + MOVING.format(0.05, 0.95),
    "SB604": TASK + NORMED.format(""),
    "SB406": TASK + LATE.format("False", "True"),
}
RIGHT = {
    "the best is kept": TASK + KEEP.format("0.0", ">"),
    "rewound weights train on": TASK + REWIND,
    "the reloaded model is used": TASK + RELOAD.format("print(accuracy(winner, xv, yv))"),
    "the reloaded weights are averaged": TASK + RELOAD.format(SOUP),
    "the statistics are a buffer": TASK + STATS.format('self.register_buffer("mean", torch.zeros(8))', ""),
    "the statistics are fitted again": TASK + STATS.format("self.mean = torch.zeros(8)", ".fit(xt + 3)"),
    "the log works on a copy": TASK + LOG.format(".copy()", "-= w.mean() + 0.1"),
    "the log only reads": TASK + LOG.format("", "= w - w.mean()"),
    "a weight is moved and moved back": TASK + CHECK,
    "the attack is cleared": TASK + ATTACK.format("pass", CLEAR, BACK),
    "the attack asks for one gradient": TASK + ATTACK.format(CLEAR, "pass", ASKED),
    "the target is copied in time": TASK + SYNC.format("i % 9 == 8"),
    "a frozen reference has no update": TASK + TEACHER,
    "grey levels are scaled alike": GREY.format("norm"),
    "the kept weights are copies": TASK + LISTED.format(".clone()"),
    "the target moves slowly": TASK + POLYAK.format("True"),
    "a penalty pulls to a frozen copy": TASK + DECAYED,
    "one warm-up": TASK + ANEW.format(WARM, "pass"),
    "one cycle a round": TASK + ANEW.format("", CYCLE),
    "the range is that of the training rows": RANGED.format("[:200]"),
    "the range is fitted once": OWN.format(""),
    "both players learn": PLAYERS.format(""),
    "the schedule decides": TASK + SETBACK.format("pass"),
    "a slow average": TASK + MOVING.format(0.95, 0.05),
    "statistics are computed anew": TASK + NORMED.format(RENEW),
    "a target that is copied late": TASK + SYNC.format("i % 25 == 7"),
    "gradients written by hand": WRITTEN,
    "a traced model": TASK + TRACED,
    "the loss takes its own rows": TASK + NODES.format("net(x)[inside], y[inside]"),
    "the best is chosen on other rows": TASK + PHASES.format("val"),
    "late evaluations have rows of their own": TASK + LATE.format("False", "False"),
    "TorchScript is left alone": TASK + SCRIPTED.format("optimizer.zero_grad()"),
}


@pytest.mark.parametrize("code", WRONG)
def test_a_mistake_with_kept_weights_is_found(codes_of: Codes, code: str) -> None:
    assert code in codes_of(WRONG[code])


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize("name", RIGHT)
def test_right_use_of_kept_weights_is_quiet(codes_of: Codes, name: str) -> None:
    assert codes_of(RIGHT[name]) == set()


def test_a_soft_update_that_never_runs_is_found(codes_of: Codes) -> None:
    assert "SB855" in codes_of(TASK + POLYAK.format("i > 1000"))


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_steps_after_torchscript_are_still_watched(codes_of: Codes) -> None:
    assert "SB101" in codes_of(TASK + SCRIPTED.format("pass"))
