import copy
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits


def big():
    return nn.Sequential(
        nn.Linear(64, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.6),
        nn.Linear(256, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.6),
        nn.Linear(256, 10),
    )


def small():
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def distill_loss(s_logits, t_logits, y, T=2.0, alpha=0.9):
    soft = F.kl_div(
        F.log_softmax(s_logits / T, dim=1),
        F.log_softmax(t_logits / T, dim=1),
        reduction="batchmean",
        log_target=True,
    ) * T * T
    return alpha * soft + (1 - alpha) * F.cross_entropy(s_logits, y)


def supervised(model, loader, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()


def freeze(model):
    frozen = copy.deepcopy(model).eval()
    return frozen.requires_grad_(False)


def distill(student, teacher, loader, epochs, lr):
    opt = torch.optim.Adam(student.parameters(), lr=lr)
    for _ in range(epochs):
        student.train()
        for x, y in loader:
            with torch.no_grad():
                t_logits = teacher(x)
            loss = distill_loss(student(x), t_logits, y)
            opt.zero_grad()
            loss.backward()
            opt.step()


def accuracy(model, x, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        acc = (model(x).argmax(1) == y).float().mean().item()
    model.train(was)
    return acc


torch.manual_seed(0)
data, target = load_digits(return_X_y=True)
x, y = torch.tensor(data / 16, dtype=torch.float32), torch.tensor(target)
order = torch.randperm(len(x))
tr, te = order[:400], order[400:]
loader = DataLoader(TensorDataset(x[tr], y[tr]), batch_size=40, shuffle=True)
net = big()
supervised(net, loader, epochs=10, lr=2e-3)
teacher = freeze(net)
student = small()
distill(student, teacher, loader, epochs=12, lr=5e-3)
print("teacher", accuracy(teacher, x[te], y[te]), "student", accuracy(student, x[te], y[te]))
