# Knowledge distillation on a toy problem: wide teacher -> narrow student.
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--temperature", type=float, default=3.0)
parser.add_argument("--alpha", type=float, default=0.9, help="weight of the soft targets")
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--seed", type=int, default=3)
args = parser.parse_args()
torch.manual_seed(args.seed)

NUM_CLASSES = 6
centers = torch.randn(NUM_CLASSES, 16)


def sample(n):
    y = torch.randint(0, NUM_CLASSES, (n,))
    return centers[y] + 1.1 * torch.randn(n, 16), y


x_train, y_train = sample(2000)
x_val, y_val = sample(500)


def mlp(width):
    return nn.Sequential(nn.Linear(16, width), nn.ReLU(), nn.Linear(width, NUM_CLASSES))


def accuracy(net):
    net.eval()
    with torch.no_grad():
        return (net(x_val).argmax(1) == y_val).float().mean().item()


def kd_loss(student_logits, teacher_logits, target):
    T = args.temperature
    soft = F.kl_div(
        F.log_softmax(student_logits / T, dim=1),
        F.softmax(teacher_logits / T, dim=1),
        reduction="batchmean",
    ) * (T * T)
    hard = F.cross_entropy(student_logits, target)
    return args.alpha * soft + (1 - args.alpha) * hard


teacher = mlp(128)
opt = torch.optim.Adam(teacher.parameters(), lr=1e-3, weight_decay=1e-4)
for _ in range(args.epochs):
    teacher.train()
    for idx in torch.randperm(2000).split(50):
        opt.zero_grad()
        F.cross_entropy(teacher(x_train[idx]), y_train[idx]).backward()
        opt.step()
print("teacher val acc %.3f" % accuracy(teacher))

student = mlp(8)
opt = torch.optim.Adam(student.parameters(), lr=2e-3)
for _ in range(args.epochs):
    student.train()
    for idx in torch.randperm(2000).split(50):
        with torch.no_grad():
            t_logits = teacher(x_train[idx])
        loss = kd_loss(student(x_train[idx]), t_logits, y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print("student val acc %.3f" % accuracy(student))
