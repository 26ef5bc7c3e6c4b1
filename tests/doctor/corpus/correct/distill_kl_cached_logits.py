import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

SEED = 1234
TEMP = 4.0
ALPHA = 0.7


def make_net(width):
    return nn.Sequential(nn.Linear(10, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4))


def accuracy(model, loader):
    model.eval()
    good, n = 0, 0
    with torch.no_grad():
        for batch in loader:
            x, y = batch[0], batch[1]
            good += (model(x).argmax(dim=-1) == y).sum().item()
            n += y.size(0)
    return good / n


def fit_teacher(teacher, loader, epochs):
    opt = torch.optim.Adam(teacher.parameters(), lr=1e-3)
    for _ in range(epochs):
        teacher.train()
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(teacher(x), y).backward()
            opt.step()
    return teacher


def soft_targets(teacher, x, chunk=128):
    teacher.eval()
    outs = []
    with torch.inference_mode():
        for part in x.split(chunk):
            outs.append(teacher(part))
    return torch.cat(outs).clone()


def kd_loss(student_logits, teacher_logits, y):
    soft = F.kl_div(
        F.log_softmax(student_logits / TEMP, dim=-1),
        F.log_softmax(teacher_logits / TEMP, dim=-1),
        reduction="batchmean",
        log_target=True,
    ) * TEMP**2
    hard = F.cross_entropy(student_logits, y)
    return ALPHA * soft + (1 - ALPHA) * hard


if __name__ == "__main__":
    torch.manual_seed(SEED)
    x = torch.randn(800, 10)
    y = (x[:, :4] + 0.3 * x[:, 4:8] ** 2).argmax(dim=1)
    train_set, val_set = random_split(TensorDataset(x, y), [600, 200], generator=torch.Generator().manual_seed(SEED))
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=200)

    teacher = fit_teacher(make_net(128), train_loader, epochs=4)
    print("teacher", accuracy(teacher, val_loader))

    xt = x[train_set.indices]
    yt = y[train_set.indices]
    cached = soft_targets(teacher, xt)
    distill = DataLoader(TensorDataset(xt, yt, cached), batch_size=64, shuffle=True)

    student = make_net(24)
    opt = torch.optim.Adam(student.parameters(), lr=2e-3)
    for epoch in range(4):
        student.train()
        for xb, yb, tb in distill:
            loss = kd_loss(student(xb), tb, yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(epoch, accuracy(student, val_loader))
