import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def mlp(width, drop=0.0):
    return nn.Sequential(
        nn.Linear(16, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(width, 5),
    )


class Distiller(nn.Module):
    """Holds both networks; forward() returns the mixed loss of the student."""

    def __init__(self, teacher, student, temperature=3.0, mix=0.7):
        super().__init__()
        self.teacher = teacher.eval().requires_grad_(False)
        self.student = student
        self.T = temperature
        self.mix = mix

    def train(self, mode=True):
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, x, y):
        with torch.no_grad():
            soft = F.log_softmax(self.teacher(x) / self.T, dim=1)
        logits = self.student(x)
        kd = F.kl_div(F.log_softmax(logits / self.T, dim=1), soft, reduction="batchmean", log_target=True)
        return self.mix * self.T ** 2 * kd + (1 - self.mix) * F.cross_entropy(logits, y)


@torch.no_grad()
def accuracy(net, loader):
    net.eval()
    ok = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return ok / len(loader.dataset)


def fit_teacher(net, loader, epochs):
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(epochs):
        net.train()
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
    return net


def fit_student(distiller, loader, valid, epochs):
    opt = torch.optim.Adam(distiller.student.parameters(), lr=3e-3)
    for epoch in range(epochs):
        distiller.train()
        for x, y in loader:
            loss = distiller(x, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(epoch, accuracy(distiller.student, valid))


if __name__ == "__main__":
    torch.manual_seed(8)
    x = torch.randn(1500, 16)
    y = torch.tanh(x @ torch.randn(16, 20)).matmul(torch.randn(20, 5)).argmax(1)
    train = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=60, shuffle=True)
    valid = DataLoader(TensorDataset(x[1200:], y[1200:]), batch_size=150)
    teacher = fit_teacher(mlp(128, drop=0.4), train, 8)
    print("teacher", accuracy(teacher, valid))
    fit_student(Distiller(teacher, mlp(24)), train, valid, 6)
