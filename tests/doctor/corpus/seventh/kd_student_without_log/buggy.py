"""지식 증류: 큰 교사 네트워크 -> 작은 학생 네트워크"""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def build(dim, hidden, classes, p=0.0):
    return nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Dropout(p), nn.Linear(hidden, classes))


def spiral(n, classes=3, noise=0.12):
    y = torch.arange(n) % classes
    r = torch.rand(n) * 0.9 + 0.1
    a = 4 * r + 2 * torch.pi * y / classes + noise * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin()], dim=1), y


class DistillationLoss(nn.Module):
    """alpha * KL(교사 || 학생) * T^2 + (1 - alpha) * CE"""

    def __init__(self, T=3.0, alpha=0.7):
        super().__init__()
        self.T, self.alpha = T, alpha

    def forward(self, student, teacher, y):
        p_t = F.softmax(teacher / self.T, dim=1)
        p_s = F.softmax(student / self.T, dim=1)
        soft = F.kl_div(p_s, p_t, reduction="batchmean") * self.T ** 2
        hard = F.cross_entropy(student, y)
        return self.alpha * soft + (1 - self.alpha) * hard


def fit_teacher(net, dl, epochs):
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(epochs):
        net.train()
        for xb, yb in dl:
            opt.zero_grad()
            F.cross_entropy(net(xb), yb).backward()
            opt.step()


def distill(student, teacher, dl, epochs):
    crit = DistillationLoss()
    opt = torch.optim.Adam(student.parameters(), lr=5e-3)
    teacher.eval()  # 교사는 고정
    for epoch in range(epochs):
        student.train()
        running = 0.0
        for xb, yb in dl:
            with torch.no_grad():
                t = teacher(xb)
            loss = crit(student(xb), t, yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(xb)
        if epoch % 5 == 0:
            print(f"[{epoch:2d}] 손실 {running / len(dl.dataset):.4f}")


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    return (net(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(12)
    x, y = spiral(900)
    x_test, y_test = spiral(300)
    dl = DataLoader(TensorDataset(x, y), batch_size=45, shuffle=True)
    teacher, student = build(2, 128, 3, p=0.1), build(2, 16, 3)
    fit_teacher(teacher, dl, 25)
    print("교사 정확도", accuracy(teacher, x_test, y_test))
    distill(student, teacher, dl, 25)
    print("학생 정확도", accuracy(student, x_test, y_test))


if __name__ == "__main__":
    main()
