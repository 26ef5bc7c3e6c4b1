import torch
import torch.nn as nn
import torch.nn.functional as F

hparams = dict(T=3.0, alpha=0.7, teacher_epochs=12, student_epochs=12, batch=64, lr=3e-3, seed=5)


def mlp(width):
    return nn.Sequential(nn.Linear(10, width), nn.ReLU(), nn.Linear(width, 5))


def kd_loss(student_logits, teacher_logits, labels, T, alpha):
    soft = F.kl_div(F.log_softmax(student_logits / T, dim=1),
                    F.softmax(teacher_logits / T, dim=1),
                    reduction="batchmean") * T * T
    hard = F.cross_entropy(student_logits, labels)
    return alpha * soft + (1 - alpha) * hard


def loop(net, x, y, epochs, loss_of):
    opt = torch.optim.Adam(net.parameters(), lr=hparams["lr"])
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(hparams["batch"]):
            loss = loss_of(x[idx], y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    net.eval()
    return loss.item()


@torch.no_grad()
def acc(net, x, y):
    return (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(hparams["seed"])
means = 0.6 * torch.randn(5, 10)
y = torch.randint(0, 5, (2400,))
x = means[y] + torch.randn(2400, 10)
x_tr, y_tr, x_te, y_te = x[:1800], y[:1800], x[1800:], y[1800:]

teacher = mlp(128)
loop(teacher, x_tr, y_tr, hparams["teacher_epochs"], lambda a, b: F.cross_entropy(teacher(a), b))
print("teacher acc", acc(teacher, x_te, y_te))

student = mlp(8)


def student_loss(a, b):
    with torch.no_grad():
        t = teacher(a)
    return kd_loss(student(a), t, b, hparams["T"], hparams["alpha"])


last = loop(student, x_tr, y_tr, hparams["student_epochs"], student_loss)
print("student acc", acc(student, x_te, y_te), "last kd loss", last)
