# Noisy student: teacher labels the unlabelled pool, a student with dropout and noise learns from both, then becomes teacher
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X_rest, X_test, y_rest, y_test = train_test_split(X / 16.0, y, test_size=500, stratify=y, random_state=0)
X_rest, X_val, y_rest, y_val = train_test_split(X_rest, y_rest, test_size=150, stratify=y_rest, random_state=0)
X_lab, X_unl, y_lab, _ = train_test_split(X_rest, y_rest, train_size=60, stratify=y_rest, random_state=0)
X_lab, X_unl, X_val, X_test = (torch.tensor(a, dtype=torch.float32) for a in (X_lab, X_unl, X_val, X_test))
y_lab, y_val, y_test = (torch.tensor(a) for a in (y_lab, y_val, y_test))


class Net(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(p), nn.Linear(width, width), nn.ReLU(), nn.Dropout(p))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.body(x))


@torch.no_grad()
def predict(net, x):
    net.eval()
    return net(x).softmax(dim=1)


def accuracy(net, x, t):
    return (predict(net, x).argmax(1) == t).float().mean().item()


def train(net, noise, pseudo=None, steps=240, lr=2e-3):
    opt = torch.optim.Adam(net.parameters(), lr=lr, weight_decay=1e-4)
    best, keep = -1.0, None
    for step in range(1, steps + 1):
        net.train()
        i = torch.randint(len(X_lab), (32,))
        loss = F.cross_entropy(net(X_lab[i] + noise * torch.randn(32, 64)), y_lab[i])
        if pseudo is not None:
            xs, soft = pseudo
            j = torch.randint(len(xs), (64,))
            logits = net(xs[j] + noise * torch.randn(64, 64))
            loss = loss + F.cross_entropy(logits, soft[j])           # soft targets: probabilities
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 20 == 0:
            acc = accuracy(net, X_val, y_val)
            if acc > best:
                best, keep = acc, copy.deepcopy(net.state_dict())
    net.load_state_dict(keep)
    return net, best


teacher, best = train(Net(64, 0.0), noise=0.0)
history = [("teacher", teacher, best)]
for generation in range(1, 3):
    p = predict(teacher, X_unl)                                      # the teacher is not noised
    sure = p.max(dim=1).values > 0.6
    student, best = train(Net(64 * 2 ** generation, 0.3), noise=0.1, pseudo=(X_unl[sure], p[sure]))
    history.append((f"student {generation}", student, best))
    print(f"generation {generation}: {int(sure.sum())} of {len(sure)} pseudo-labelled")
    teacher = student

for name, net, best in history:
    print(f"{name:10s} val {best:.3f} test {accuracy(net, X_test, y_test):.3f}")
