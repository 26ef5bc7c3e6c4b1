import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(sizes, p):
    layers = []
    for a, b in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(p)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def supervised(model, x, y, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            F.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()
    return model


def distill(teacher, student, x, y, epochs, lr, T=3.0, alpha=0.7):
    teacher.requires_grad_(False)
    teacher.eval()
    opt = torch.optim.Adam(student.parameters(), lr=lr)
    for _ in range(epochs):
        student.train()
        for idx in torch.randperm(len(x)).split(50):
            with torch.no_grad():
                soft = F.softmax(teacher(x[idx]) / T, dim=1)
            z = student(x[idx])
            kd = F.kl_div(F.log_softmax(z / T, dim=1), soft, reduction="batchmean") * T * T
            loss = alpha * kd + (1 - alpha) * F.cross_entropy(z, y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()


@torch.no_grad()
def accuracy(model, x, y):
    was = model.training
    model.eval()
    acc = (model(x).argmax(1) == y).float().mean().item()
    model.train(was)
    return acc


torch.manual_seed(44)
x = torch.randn(1200, 14)
y = torch.stack([x[:, 0] * x[:, 1], x[:, 2] * x[:, 3], x[:, 4]], 1).argmax(1)
teacher = supervised(mlp([14, 96, 96, 3], 0.5), x[:900], y[:900], 12, 3e-3)
student = mlp([14, 24, 3], 0.0)
distill(teacher, student, x[:900], y[:900], 8, 5e-3)
print("teacher", accuracy(teacher, x[900:], y[900:]), "student", accuracy(student, x[900:], y[900:]))
