"""Mean teacher (Tarvainen & Valpola 2017): 40 labels, 1000 unlabelled digits."""
import itertools
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Subset, TensorDataset

NO_LABEL = -1


def sigmoid_rampup(current, rampup_length):
    phase = 1.0 - min(max(current, 0.0), rampup_length) / rampup_length
    return math.exp(-5.0 * phase * phase)


def make_model(ema=False):
    m = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    if ema:
        for p in m.parameters():
            p.detach_()
    return m


@torch.no_grad()
def update_ema_variables(model, ema_model, alpha, global_step):
    alpha = min(1 - 1 / (global_step + 1), alpha)
    for e, p in zip(ema_model.parameters(), model.parameters()):
        e.mul_(alpha).add_(p, alpha=1 - alpha)
    for e, b in zip(ema_model.buffers(), model.buffers()):
        e.copy_(b)


def noisy(x):
    return x + 0.1 * torch.randn_like(x)


def accuracy(model, loader):
    model.eval()
    hit = total = 0
    with torch.no_grad():
        for x, y in loader:
            hit += (model(x).argmax(1) == y).sum().item()
            total += y.numel()
    return hit / total


def balanced(y, per_class, g):
    return torch.cat([(y == c).nonzero().squeeze(1)[torch.randperm(int((y == c).sum()), generator=g)[:per_class]]
                      for c in range(10)])


def main():
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(0)
    d = load_digits()
    X, Y = torch.tensor(d.data / 16, dtype=torch.float32), torch.tensor(d.target)
    perm = torch.randperm(len(X), generator=g)
    X, Y = X[perm], Y[perm]
    pool, test = slice(0, 1300), slice(1300, None)
    lab = balanced(Y[pool], 4, g)
    targets = torch.full((1300,), NO_LABEL)
    targets[lab] = Y[lab]
    train_set = TensorDataset(X[pool], targets)
    unl = (targets == NO_LABEL).nonzero().squeeze(1)
    test_loader = DataLoader(TensorDataset(X[test], Y[test]), batch_size=256)

    lab_loader = DataLoader(Subset(train_set, lab.tolist()), batch_size=20, shuffle=True)
    unl_loader = DataLoader(Subset(train_set, unl.tolist()), batch_size=100, shuffle=True, drop_last=True)

    student, teacher = make_model(), make_model(ema=True)
    teacher.load_state_dict(student.state_dict())
    opt = torch.optim.Adam(student.parameters(), lr=3e-3)
    ce = nn.CrossEntropyLoss(reduction="sum", ignore_index=NO_LABEL)
    endless_lab = itertools.chain.from_iterable(itertools.repeat(lab_loader))
    step, epochs = 0, 20
    for epoch in range(epochs):
        student.train()
        teacher.eval()
        w = 8.0 * sigmoid_rampup(epoch, 8)
        sup = con = n = 0.0
        for (xu, yu), (xl, yl) in zip(unl_loader, endless_lab):
            x, y = torch.cat([xu, xl]), torch.cat([yu, yl])
            labelled = y.ne(NO_LABEL).sum()
            with torch.no_grad():
                t_prob = F.softmax(teacher(noisy(x)), dim=1)
            logits = student(noisy(x))
            class_loss = ce(logits, y) / labelled
            consistency = F.mse_loss(F.softmax(logits, dim=1), t_prob)
            loss = class_loss + w * consistency
            opt.zero_grad()
            loss.backward()
            opt.step()
            step += 1
            update_ema_variables(student, teacher, 0.97, step)
            sup, con, n = sup + class_loss.item(), con + consistency.item(), n + 1
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: class {sup / n:.4f} consistency {con / n:.5f} weight {w:.2f}")
    print(f"test accuracy: student {accuracy(student, test_loader):.3f}, teacher {accuracy(teacher, test_loader):.3f}")


if __name__ == "__main__":
    main()
