"""Knowledge distillation (Hinton et al.): a wide teacher, a narrow student, few labels."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


def mlp(width):
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, 10))


class KDLoss(nn.Module):
    def __init__(self, T=4.0, alpha=0.7):
        super().__init__()
        self.T, self.alpha = T, alpha

    def forward(self, student, teacher, y):
        soft = F.kl_div(F.log_softmax(student / self.T, -1), F.log_softmax(teacher / self.T, -1),
                        reduction="batchmean", log_target=True) * self.T ** 2
        has_label = y >= 0                                        # -1 marks samples without a label
        loss = self.alpha * soft
        if has_label.any():                                       # the mean over nothing would be nan
            loss = loss + (1 - self.alpha) * F.cross_entropy(student, y, ignore_index=-1)
        return loss


def fit(model, loader, loss_fn, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr)
    model.train()
    for _ in range(epochs):
        for batch in loader:
            opt.zero_grad()
            loss_fn(model, *batch).backward()
            opt.step()
    return model.eval()


@torch.no_grad()
def accuracy(model, x, y):
    assert not model.training
    return (model(x).argmax(-1) == y).float().mean().item()


def supervised(model, x, y):
    return F.cross_entropy(model(x), y)


def main():
    torch.manual_seed(11)
    d = load_digits()
    x, y = torch.tensor(d.data, dtype=torch.float32) / 16, torch.tensor(d.target)
    p = torch.randperm(len(x))
    a, b, te = p[:700], p[700:1400], p[1400:]
    # the teacher learned from part a; the student may look at part b, mostly without labels
    teacher = fit(mlp(256), DataLoader(TensorDataset(x[a], y[a]), 32, shuffle=True), supervised, 15, 2e-3)
    for q in teacher.parameters():
        q.requires_grad = False

    y_b = y[b].clone()
    y_b[60:] = -1

    plain = fit(mlp(16), DataLoader(TensorDataset(x[b[:60]], y[b[:60]]), 20, shuffle=True), supervised, 100, 5e-3)

    criterion = KDLoss()

    def distil(model, xb, yb):
        with torch.no_grad():
            t = teacher(xb)
        return criterion(model(xb), t, yb)

    student = fit(mlp(16), DataLoader(TensorDataset(x[b], y_b), 32, shuffle=True), distil, 15, 5e-3)
    for name, m in [("teacher", teacher), ("student, 60 labels only", plain), ("student, distilled", student)]:
        n = sum(q.numel() for q in m.parameters())
        print(f"{name:25s} {n:6d} parameters, test accuracy {accuracy(m, x[te], y[te]):.3f}")


if __name__ == "__main__":
    main()
