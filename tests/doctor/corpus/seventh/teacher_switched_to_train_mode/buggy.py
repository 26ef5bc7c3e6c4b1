"""Knowledge distillation of an MLP into a smaller one (Hinton et al. 2015)."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def mlp(n_in, width, n_out, dropout):
    return nn.Sequential(
        nn.Linear(n_in, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, n_out))


class Distiller(nn.Module):
    def __init__(self, teacher, student, temperature=3.0, mix=0.7):
        super().__init__()
        self.teacher = teacher.eval().requires_grad_(False)
        self.student = student
        self.temperature = temperature
        self.mix = mix

    def loss(self, x, y):
        T = self.temperature
        with torch.no_grad():
            target = F.softmax(self.teacher(x) / T, dim=1)
        logits = self.student(x)
        soft = F.kl_div(F.log_softmax(logits / T, dim=1), target, reduction="batchmean") * T * T
        hard = F.cross_entropy(logits, y)
        return self.mix * soft + (1 - self.mix) * hard


def rings(n, gen):
    """Five noisy rings in the plane, hidden in twelve dimensions."""
    y = torch.randint(5, (n,), generator=gen)
    angle = 6.2832 * torch.rand(n, generator=gen)
    radius = 1.0 + 0.8 * y + 0.22 * torch.randn(n, generator=gen)
    plane = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return torch.cat([plane, 0.5 * torch.randn(n, 10, generator=gen)], dim=1), y


@torch.no_grad()
def accuracy(net, loader):
    net.eval()
    hits = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return hits / len(loader.dataset)


def train_teacher(net, loader, epochs):
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(epochs):
        net.train()
        for x, y in loader:
            loss = F.cross_entropy(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()


def distil(distiller, train_loader, test_loader, epochs):
    opt = torch.optim.Adam(distiller.student.parameters(), lr=3e-3)
    for epoch in range(epochs):
        distiller.train()
        total = 0.0
        for x, y in train_loader:
            loss = distiller.loss(x, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch}: loss {total / len(train_loader.dataset):.3f}  "
              f"student {accuracy(distiller.student, test_loader):.3f}")


def main():
    torch.manual_seed(31)
    gen = torch.Generator().manual_seed(310)
    train_loader = DataLoader(TensorDataset(*rings(2000, gen)), batch_size=50, shuffle=True)
    test_loader = DataLoader(TensorDataset(*rings(500, gen)), batch_size=250)

    teacher = mlp(12, 96, 5, dropout=0.4)
    train_teacher(teacher, train_loader, epochs=8)
    print(f"teacher {accuracy(teacher, test_loader):.3f}")

    distiller = Distiller(teacher, student=mlp(12, 16, 5, dropout=0.0))
    distil(distiller, train_loader, test_loader, epochs=5)


if __name__ == "__main__":
    main()
