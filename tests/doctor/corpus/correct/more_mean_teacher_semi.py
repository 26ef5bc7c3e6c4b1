"""Mean Teacher: few labels, many unlabelled points, consistency ramp-up."""
import copy
import math
import torch
import torch.nn.functional as F
from sklearn.datasets import make_moons

torch.manual_seed(0)
X, y = make_moons(1200, noise=0.12, random_state=0)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
test_x, test_y = X[900:], y[900:]
pool_x, pool_y = X[:900], y[:900]
lab = torch.cat([(pool_y == c).nonzero().squeeze(1)[:8] for c in (0, 1)])
val = torch.cat([(pool_y == c).nonzero().squeeze(1)[8:38] for c in (0, 1)])
mask = torch.ones(len(pool_x), dtype=torch.bool)
mask[val] = False
unl_x = pool_x[mask]          # its labels are never read
lab_x, lab_y, val_x, val_y = pool_x[lab], pool_y[lab], pool_x[val], pool_y[val]


class Net(torch.nn.Module):
    def __init__(s, h=48):
        super().__init__()
        s.a, s.b, s.c = torch.nn.Linear(2, h), torch.nn.Linear(h, h), torch.nn.Linear(h, 2)
        s.drop = torch.nn.Dropout(0.1)

    def forward(s, x):
        return s.c(s.drop(F.relu(s.b(F.relu(s.a(x))))))


student = Net()
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.detach_()
opt = torch.optim.Adam(student.parameters(), lr=3e-3)


def ramp(t, length):
    return math.exp(-5 * (1 - min(t, length) / length) ** 2)


def noisy(x):
    return x + 0.1 * torch.randn_like(x)


@torch.no_grad()
def acc(m, x, t):
    m.eval()
    r = (m(x).argmax(1) == t).float().mean().item()
    m.train()
    return r


best = (0.0, None)
STEPS = 600
student.train(), teacher.train()      # the paper keeps the teacher's dropout on
for step in range(STEPS):
    u = unl_x[torch.randint(len(unl_x), (100,))]
    with torch.no_grad():
        target = teacher(noisy(u)).softmax(1)
    sup = F.cross_entropy(student(noisy(lab_x)), lab_y)
    cons = (student(noisy(u)).softmax(1) - target).pow(2).sum(1).mean()
    loss = sup + 3.0 * ramp(step, 300) * cons
    opt.zero_grad()
    loss.backward()
    opt.step()
    a = min(1 - 1 / (step + 1), 0.98)
    with torch.no_grad():
        for pt, ps in zip(teacher.parameters(), student.parameters()):
            pt.mul_(a).add_(ps, alpha=1 - a)
    if step % 50 == 49:
        v = acc(teacher, val_x, val_y)
        if v > best[0]:
            best = v, copy.deepcopy(teacher.state_dict())

teacher.load_state_dict(best[1])
print(f"validation {best[0]:.3f}, test {acc(teacher, test_x, test_y):.3f}")
