import torch
import torch.nn as nn
import torch.nn.functional as F


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, width), nn.ReLU(), nn.Linear(width, 32), nn.ReLU())
        self.head = nn.Linear(32, 5)

    def forward(self, x):
        feat = self.body(x)
        return self.head(feat), feat


class FeatureTransfer(nn.Module):
    """Mean squared distance of the L2-normalised feature vectors."""

    def forward(self, student, teacher):
        s = F.normalize(student, dim=1)
        t = F.normalize(teacher, dim=1)
        return (s - t).pow(2).sum(dim=1).mean()


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x)[0].argmax(1) == y).float().mean().item()


def train_teacher(x, y, epochs=12):
    teacher = MLP(128)
    opt = torch.optim.Adam(teacher.parameters(), lr=2e-3)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(teacher(x[idx])[0], y[idx]).backward()
            opt.step()
    return teacher.eval().requires_grad_(False)


def train_student(teacher, x, y, beta=1.0, epochs=40):
    student, transfer = MLP(24), FeatureTransfer()
    opt = torch.optim.Adam(student.parameters(), lr=2e-3)
    for epoch in range(epochs):
        student.train()
        for idx in torch.randperm(len(x)).split(32):
            with torch.no_grad():
                _, t_feat = teacher(x[idx])
            logits, s_feat = student(x[idx])
            ce, at = F.cross_entropy(logits, y[idx]), transfer(s_feat, t_feat)
            opt.zero_grad()
            (ce + beta * at).backward()
            opt.step()
        if epoch % 10 == 9:
            print(f"student epoch {epoch + 1}: ce {ce.item():.3f} transfer {at.item():.3f}")
    return student


def main():
    torch.manual_seed(17)
    rule = nn.Sequential(nn.Linear(20, 40), nn.Tanh(), nn.Linear(40, 5))
    x = torch.randn(4400, 20)
    with torch.no_grad():
        y = (4 * rule(x)).argmax(1)
    teacher = train_teacher(x[:3000], y[:3000])
    student = train_student(teacher, x[3000:3400], y[3000:3400])
    x_te, y_te = x[3400:], y[3400:]
    print(f"teacher {accuracy(teacher, x_te, y_te):.3f}  student {accuracy(student, x_te, y_te):.3f}")


if __name__ == "__main__":
    main()
