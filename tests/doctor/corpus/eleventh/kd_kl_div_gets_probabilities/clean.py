import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def build(width):
    return nn.Sequential(nn.Linear(12, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4))


def make_loaders(seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(1500, 12, generator=g)
    y = ((x[:, 0] * x[:, 1] > 0).long() * 2 + (x[:, 2] + x[:, 3] > 0).long())
    train = TensorDataset(x[:1200], y[:1200])
    test = TensorDataset(x[1200:], y[1200:])
    return DataLoader(train, 64, shuffle=True), DataLoader(test, 150)


@torch.no_grad()
def accuracy(net, loader):
    net.eval()
    good = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return good / len(loader.dataset)


class Distiller:
    """Hinton style distillation: alpha * soft loss + (1 - alpha) * hard loss."""

    def __init__(self, teacher, student, T=3.0, alpha=0.7):
        self.teacher, self.student = teacher.eval(), student
        self.T, self.alpha = T, alpha
        self.optimizer = torch.optim.Adam(student.parameters(), lr=2e-3)

    def loss(self, x, y):
        with torch.no_grad():
            t_logits = self.teacher(x)
        s_logits = self.student(x)
        student_p = F.log_softmax(s_logits / self.T, dim=1)
        teacher_p = F.softmax(t_logits / self.T, dim=1)
        soft = F.kl_div(student_p, teacher_p, reduction="batchmean") * self.T ** 2
        hard = F.cross_entropy(s_logits, y)
        return self.alpha * soft + (1 - self.alpha) * hard

    def fit(self, loader, epochs):
        for epoch in range(epochs):
            self.student.train()
            for x, y in loader:
                loss = self.loss(x, y)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            print(f"  distill epoch {epoch}: {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    train_loader, test_loader = make_loaders()
    teacher, student = build(96), build(12)

    # 1. teacher
    opt = torch.optim.Adam(teacher.parameters(), lr=2e-3)
    for _ in range(12):
        teacher.train()
        for x, y in train_loader:
            opt.zero_grad()
            F.cross_entropy(teacher(x), y).backward()
            opt.step()
    print("teacher", accuracy(teacher, test_loader))

    # 2. student
    Distiller(teacher, student).fit(train_loader, epochs=8)
    print("student", accuracy(student, test_loader))
