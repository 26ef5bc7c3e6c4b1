import torch
import torch.nn as nn
import torch.nn.functional as F

T = 3.0
ALPHA = 0.7


def mlp(width):
    return nn.Sequential(nn.Linear(16, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 6))


def distill_loss(student_logits, teacher_logits, labels):
    student = F.log_softmax(student_logits / T, dim=1)
    teacher = F.softmax(teacher_logits / T, dim=1)
    soft = F.kl_div(student, teacher, reduction="batchmean") * T * T
    hard = F.cross_entropy(student_logits, labels)
    return ALPHA * soft + (1 - ALPHA) * hard


def run_epochs(net, x, y, loss_fn, epochs, lr):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            loss = loss_fn(net(x[idx]), idx)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return loss.item()


@torch.no_grad()
def top1(net, x, y):
    net.eval()
    return (net(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(55)
    proto = torch.randn(6, 16)
    y = torch.randint(0, 6, (1600,))
    x = proto[y] + 1.1 * torch.randn(1600, 16)
    x_tr, y_tr, x_te, y_te = x[:1200], y[:1200], x[1200:], y[1200:]

    teacher = mlp(128)
    run_epochs(teacher, x_tr, y_tr, lambda out, i: F.cross_entropy(out, y_tr[i]), 5, 1e-3)
    print("teacher acc", top1(teacher, x_te, y_te))
    with torch.no_grad():
        soft_targets = teacher(x_tr)

    student = mlp(16)
    last = run_epochs(student, x_tr, y_tr, lambda out, i: distill_loss(out, soft_targets[i], y_tr[i]), 8, 3e-3)
    print("student loss", last, "acc", top1(student, x_te, y_te))
